import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planRestart } from '../../src/decide/plan-restart.js';

type Service = Parameters<typeof planRestart>[0][number];
const service = (name: string, dependsOn: readonly string[] = [], kind: Service['kind'] = 'service'): Service => ({ name, kind, dependsOn });

describe('planRestart', () => {
  it.each<[string, Service[], string[]]>([
    ['nothing', [], []],
    ['as declared', [service('b'), service('a')], ['b', 'a']],
    ['dependencies first', [service('web', ['db', 'cache']), service('cache', ['db']), service('db')], ['db', 'cache', 'web']],
    ['hardware is not touched', [service('meter', [], 'hardware'), service('web', ['meter'])], ['web']],
    ['an order through hardware holds', [service('a', ['m']), service('m', ['z'], 'hardware'), service('z')], ['z', 'a']],
    ['a dependency named twice', [service('a', ['b', 'b']), service('b')], ['b', 'a']],
  ])('%s', (_name, services, order) => {
    expect(planRestart(services, true)).toEqual(order);
    expect(planRestart(services, false)).toEqual([]);
  });
  it.each<[string, Service[], string]>([
    ['a circle', [service('x'), service('a', ['b']), service('b', ['c']), service('c', ['a'])], 'a -> b -> c -> a'],
    ['itself', [service('a', ['a'])], 'a -> a'],
    ['a circle through hardware', [service('a', ['h']), service('h', ['a'], 'hardware')], 'a -> h -> a'],
    ['an unknown name', [service('a', ['b'])], 'a depends on b'],
  ])('refuses %s', (_name, services, words) => {
    for (const changed of [true, false]) expect(() => planRestart(services, changed)).toThrow(expect.objectContaining({ code: 'settings-invalid', message: expect.stringContaining(words) }));
  });
  it('holds every dependency, also in long chains', () => {
    fc.assert(fc.property(fc.array(fc.array(fc.nat(30), { maxLength: 4 }), { maxLength: 30 }), (rows) => {
      const services = rows.map((row, index) => service(`s${index}`, row.filter((other) => other < index).map((other) => `s${other}`))).reverse();
      const order = planRestart(services, true);
      expect([...order].sort()).toEqual(services.map(({ name }) => name).sort());
      for (const { name, dependsOn } of services) for (const other of dependsOn) expect(order.indexOf(other)).toBeLessThan(order.indexOf(name));
    }));
    const chain = Array.from({ length: 3000 }, (_, index) => service(`s${index}`, index === 2999 ? [] : [`s${index + 1}`]));
    expect(planRestart(chain, true)[0]).toBe('s2999');
  });
});
