import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { orderComponents, type ComponentNode } from '../../src/domain/order-components.js';

/** Edges only to earlier names, then shuffled: never a circle. */
const graph = fc.integer({ min: 1, max: 12 }).chain((size) => fc.tuple(
  fc.array(fc.array(fc.nat(), { maxLength: 4 }), { minLength: size, maxLength: size }), fc.shuffledSubarray([...Array(size).keys()], { minLength: size, maxLength: size }),
).map(([edges, order]): readonly ComponentNode[] => order.map((index) => ({
  name: `c${index}`, dependsOn: index === 0 ? [] : [...new Set(edges[index]!.map((edge) => `c${edge % index}`))],
}))));
const places = (nodes: readonly ComponentNode[], together: readonly (readonly string[])[]): readonly (readonly string[])[] => {
  const order = orderComponents(nodes, together);
  if (order.kind !== 'order') throw new Error(order.kind);
  return order.places;
};
function assertTopological(nodes: readonly ComponentNode[], order: readonly (readonly string[])[]): void {
  const flat = order.flat();
  expect([...flat].sort()).toEqual(nodes.map(({ name }) => name).sort());
  for (const { name, dependsOn } of nodes) for (const other of dependsOn) expect(flat.indexOf(other)).toBeLessThan(flat.indexOf(name));
}

describe('orderComponents', () => {
  it('always puts what is depended on first, each in one place', () => fc.assert(fc.property(graph, (nodes) => assertTopological(nodes, places(nodes, [])))));
  it('keeps a group in one place, in the order inside it, and everybody else around it', () => fc.assert(fc.property(graph, fc.nat(), (nodes, pick) => {
    // Two neighbours in a valid order can always move together.
    const flat = places(nodes, []).flat();
    const at = pick % flat.length;
    const group = flat.slice(at, at + 2);
    if (group.length < 2) return;
    const order = places(nodes, [group.toReversed()]);
    expect(order.filter((place) => place.length > 1)).toEqual([order.flat().filter((name) => group.includes(name))]);
    assertTopological(nodes, order);
  })));
  it('undoes in the reverse: nobody is left without what it depends on', () => fc.assert(fc.property(graph, (nodes) => {
    const undo = places(nodes, []).flat().toReversed();
    for (const { name, dependsOn } of nodes) for (const other of dependsOn) expect(undo.indexOf(name)).toBeLessThan(undo.indexOf(other));
  })));
  it.each<[string, readonly ComponentNode[], readonly (readonly string[])[], object]>([
    ['a circle', [{ name: 'a', dependsOn: ['b'] }, { name: 'b', dependsOn: ['a'] }], [], { kind: 'cycle', chain: ['a', 'b', 'a'] }],
    ['a circle through a group', [{ name: 'a', dependsOn: [] }, { name: 'b', dependsOn: ['a'] }, { name: 'c', dependsOn: ['b'] }], [['c', 'a']], { kind: 'cycle', chain: ['a + c', 'b', 'a + c'] }],
    ['an unknown name', [{ name: 'a', dependsOn: ['x'] }], [], { kind: 'unknown', component: 'a', dependency: 'x' }],
  ])('%s is told', (_name, nodes, together, expected) => { expect(orderComponents(nodes, together)).toEqual(expected); });
});
