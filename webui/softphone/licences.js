// Writes the licences of everything in the bundle next to it, as each of them asks.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const BUNDLED = ['jssip', 'debug', 'ms', 'events', 'sdp-transform'];
const NAMES = ['LICENSE', 'LICENSE.md', 'license.md', 'License'];

const texts = BUNDLED.map((name) => {
  const folder = `node_modules/${name}`;
  const { version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
  const file = NAMES.map((n) => `${folder}/${n}`).find((path) => existsSync(path));
  if (!file) throw new Error(`${name} has no licence file`);
  return `${name} ${version} (${license})\n\n${readFileSync(file, 'utf8').trim()}\n`;
});
writeFileSync('../static/vendor/jssip-3.13.8.LICENSE.txt', texts.join(`\n${'-'.repeat(72)}\n\n`));
