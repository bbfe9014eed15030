// What components say about each other must be possible: known names, no circle, ranges that some version fits.
import minVersion from 'semver/ranges/min-version.js';
import validRange from 'semver/ranges/valid.js';
import type { ComponentSettings } from '../domain/settings.js';
import { orderComponents } from '../domain/order-components.js';
import { suggest } from '../domain/suggest.js';
import type { Finding, KeyPath } from './parse-settings-yaml.js';

export function checkComponentGraph(components: readonly ComponentSettings[], together: readonly (readonly string[])[]): readonly Finding[] {
  const names = components.map(({ component }) => component.name);
  const unknown = [
    ...components.flatMap(({ component: { name, dependsOn } }) => Object.keys(dependsOn).filter((other) => !names.includes(other)).map((other) => unknownName(['components', name, 'depends_on', other], 'key', other, names))),
    ...together.flatMap((group, index) => group.flatMap((other, at) => (names.includes(other) ? [] : [unknownName(['together', index, at], 'value', other, names)]))),
  ];
  // Of a graph with holes nothing more can be said.
  if (unknown.length > 0) return unknown;
  const groups = checkGroups(components, together);
  return groups.length > 0 ? groups : [...checkCycle(components, together), ...components.flatMap((one) => checkRanges(one, components))];
}

function unknownName(path: KeyPath, at: Finding['at'], called: string, names: readonly string[]): Finding {
  const near = suggest(called, names);
  return { path, at, message: `there is no component "${called}"${near === undefined ? '' : `, did you mean "${near}"?`}`, hint: `In components are: ${names.join(', ')}.` };
}

function checkGroups(components: readonly ComponentSettings[], together: readonly (readonly string[])[]): readonly Finding[] {
  return together.flatMap((group, index) => {
    const twice = group.find((name, at) => group.indexOf(name) < at || together.slice(0, index).some((other) => other.includes(name)));
    const facts = components.map(({ component }) => component).filter(({ name }) => group.includes(name));
    const off = facts.find(({ enabled }) => !enabled);
    return [
      ...(twice === undefined ? [] : [wrong(['together', index], `${twice} is in together more than once`, 'A component moves with one group: make one list of them.')]),
      ...(off === undefined || facts.every(({ enabled }) => !enabled) ? [] : [wrong(['together', index], `${off.name} is not enabled, so ${group.filter((name) => name !== off.name).join(', ')} could never move together with it`, 'Enable all of the group, or none.')]),
    ];
  });
}

function checkCycle(components: readonly ComponentSettings[], together: readonly (readonly string[])[]): readonly Finding[] {
  const order = orderComponents(components.map(({ component: { name, dependsOn } }) => ({ name, dependsOn: Object.keys(dependsOn) })), together);
  if (order.kind !== 'cycle') return [];
  const [from = '', to = ''] = order.chain.map((label) => label.split(' + '));
  const first = components.find(({ component }) => from.includes(component.name) && Object.keys(component.dependsOn).some((name) => to.includes(name)));
  const because = order.chain.some((label) => label.includes(' + ')) ? '; what moves together (+) is one place' : '';
  return [wrong(['components', first?.component.name ?? '', 'depends_on'], `components depend on each other in a circle (${order.chain.join(' -> ')})${because}`, 'Remove one of these depends_on entries.')];
}

/** Every range that somebody sets to this one's version; together some version must fit them. */
function checkRanges({ component }: ComponentSettings, components: readonly ComponentSettings[]): readonly Finding[] {
  const asked = components.flatMap(({ component: { name, dependsOn } }) => Object.entries(dependsOn).filter(([other]) => other === component.name)
    .map(([other, range]) => ({ range, path: ['components', name, 'depends_on', other] satisfies KeyPath, said: `${name} needs ${other} ${range}` })));
  const all = [...asked, ...(component.pin === null ? [] : [{ range: component.pin, path: ['components', component.name, 'pin'] satisfies KeyPath, said: `${component.name} is pinned to ${component.pin}` }])];
  const alone = all.filter(({ range }) => !isSatisfiable([range]));
  if (alone.length > 0) return alone.map(({ path, said }) => wrong(path, `${said}, but no version can be that`, 'Correct the range.'));
  if (all.length < 2 || isSatisfiable(all.map(({ range }) => range))) return [];
  return [wrong(all.at(-1)?.path ?? [], `no version of ${component.name} fits all that is asked of it: ${all.map(({ said }) => said).join('; ')}`, 'Widen one of these ranges.')];
}

/** More alternatives than this are nobody's settings. */
const MAX_ALTERNATIVES = 256;

/** Is there a version that is in all of them? Each side of `||` against each. */
export function isSatisfiable(ranges: readonly string[]): boolean {
  let joined: readonly string[] = [''];
  for (const range of ranges) {
    const sides = (validRange(range) ?? '<0.0.0-0').split('||');
    joined = joined.flatMap((before) => sides.map((side) => `${before} ${side}`.trim())).slice(0, MAX_ALTERNATIVES);
  }
  return joined.some((one) => minVersion(one) !== null);
}

const wrong = (path: KeyPath, message: string, hint: string): Finding => ({ path, at: 'value', message, hint });
