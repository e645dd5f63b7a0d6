// What a supervisor sets about the choice: fields with their help and range, as the server describes them.

import { h } from '../dom.js';

/** Fills `form` with the fields; `save` gets the values, as the server takes them. */
export function choosingForm(form, fields, values, save) {
  const inputs = new Map(fields.map((field) => [field.name, inputOf(field, values[field.name])]));
  const button = h('button.primary', { data: { testid: 'save-choosing' } }, '保存する');
  form.replaceChildren(...fields.map((field) => fieldOf(field, inputs.get(field.name))), h('div.save', {}, button));
  form.onsubmit = async (event) => {
    event.preventDefault();
    button.disabled = true;
    await save(Object.fromEntries(fields.map((field) => [field.name, valueOf(field, inputs.get(field.name))])));
    button.disabled = false;
  };
}

function fieldOf(field, input) {
  const hint = h('p.hint', { id: `hint-${field.name}` }, field.help);
  const label = h('label', { htmlFor: input.id }, field.label);
  if (field.kind === 'check') return h('div.field', {}, label, h('div.tick', {}, input, h('span', {}, '行う')), hint);
  if (field.kind === 'percent') return h('div.field', {}, label, h('div.unit', {}, input, h('span', {}, '%')), hint);
  return h('div.field', {}, label, input, hint);
}

function inputOf(field, value) {
  const common = { id: `choosing-${field.name}`, data: { testid: field.name }, aria: { describedby: `hint-${field.name}` } };
  if (field.kind === 'choice') {
    return h('select', common, field.choices.map((c) => h('option', { value: c.value, selected: c.value === value }, c.label)));
  }
  if (field.kind === 'check') return h('input', { ...common, type: 'checkbox', checked: value });
  const scale = field.kind === 'percent' ? 100 : 1;
  const tidy = (n) => String(Number((scale * n).toFixed(3)));
  return h('input', { ...common, type: 'number', required: true, min: tidy(field.least), max: tidy(field.most), step: tidy(field.step), value: tidy(value) });
}

function valueOf(field, input) {
  if (field.kind === 'choice') return input.value;
  if (field.kind === 'check') return input.checked;
  return field.kind === 'percent' ? Number(input.value) / 100 : Number(input.value);
}
