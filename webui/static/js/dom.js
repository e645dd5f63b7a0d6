// Building and changing the page. Text is always set as text, never as markup.

/**
 * An element: h('button.primary', {type: 'button', onclick: f}, 'text', child, …).
 * Properties that hold null, undefined or false are left out; `data` and `aria` take objects.
 */
export function h(spec, props = {}, ...children) {
  const [tag, ...classes] = spec.split('.');
  const element = document.createElement(tag || 'div');
  if (classes.length) element.className = classes.join(' ');
  for (const [key, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (key === 'data') Object.assign(element.dataset, value);
    else if (key === 'aria') for (const [k, v] of Object.entries(value)) element.setAttribute(`aria-${k}`, v);
    else if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else if (key in element && key !== 'list' && key !== 'form') element[key] = value;
    else element.setAttribute(key, value === true ? '' : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const byId = (id) => document.getElementById(id);

/** Sets a text only when it differs, so that screen readers are not told again. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Makes the children of `container` follow `items`, keeping the elements of items that stay (and with them the focus).
 * `create(item)` gives an element with a method `update(item)`.
 */
export function keyed(container, items, keyOf, create) {
  const old = new Map([...container.children].map((child) => [child.dataset.key, child]));
  let before = container.firstElementChild;
  for (const item of items) {
    const key = String(keyOf(item));
    let element = old.get(key);
    if (element) old.delete(key);
    else {
      element = create(item);
      element.dataset.key = key;
    }
    if (element === before) before = before.nextElementSibling;
    else container.insertBefore(element, before);
    element.update?.(item);
  }
  for (const gone of old.values()) gone.remove();
}

/** The object that the server put into the page. */
export function pageData() {
  return JSON.parse(byId('data').textContent);
}

/** A key as it is shown on a button. */
export const kbd = (text) => h('kbd', { aria: { hidden: 'true' } }, text);

/** Whether a key press belongs to a field that is being filled in. */
export function isTyping(event) {
  return event.isComposing || event.target.closest?.('input, textarea, select, [contenteditable], dialog[open]') !== null;
}
