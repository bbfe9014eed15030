// How far a group goes back where one of it was withdrawn, and when what went with it comes again.
import { describe, expect, it } from 'vitest';
import { chooseWayBack, type GroupPlace, type PastMove } from '../../src/decide/choose-way-back.js';
import { liftBlocks } from '../../src/decide/lift-blocks.js';

const move = (transaction: string, from: string | null, to: string): PastMove => ({ transaction, from, to });
const place = (component: string, changes: Partial<GroupPlace> = {}): GroupPlace =>
  ({ component, current: '2.0.0', previous: '1.0.0', kept: ['2.0.0', '1.0.0'], backups: [], isBad: () => false, isWithdrawn: false, moves: [move('t1', '1.0.0', '2.0.0')], ...changes });
const gone = (changes: Partial<GroupPlace> = {}): GroupPlace => place('gone', { isWithdrawn: true, ...changes });
const never = (...bad: string[]) => (version: string): boolean => bad.includes(version);

describe('chooseWayBack', () => {
  it.each<[string, readonly GroupPlace[], Readonly<Record<string, string>> | string]>([
    ['both came together', [gone(), place('other')], { gone: '1.0.0', other: '1.0.0' }],
    ['the other came later', [gone(), place('other', { moves: [move('t2', '1.0.0', '2.0.0')] })], { gone: '1.0.0', other: '1.0.0' }],
    ['the other came before: it has run beside the safe one', [gone({ moves: [move('t2', '1.0.0', '2.0.0')] }), place('other')], { gone: '1.0.0' }],
    ['the other has moved twice since', [gone(), place('other', { current: '3.0.0', previous: '2.0.0', kept: ['3.0.0', '2.0.0'], backups: ['1.0.0'], moves: [move('t1', '1.0.0', '2.0.0'), move('t2', '2.0.0', '3.0.0')] })], { gone: '1.0.0', other: '1.0.0' }],
    ['twice, and what it was is kept no more', [gone(), place('other', { current: '3.0.0', previous: '2.0.0', kept: ['3.0.0', '2.0.0'], moves: [move('t1', '1.0.0', '2.0.0'), move('t2', '2.0.0', '3.0.0')] })], { gone: '1.0.0', other: '2.0.0' }],
    ['a person has taken the other back since', [gone(), place('other', { current: '1.0.0', previous: '2.0.0', moves: [move('t1', '1.0.0', '2.0.0'), move('t2', '2.0.0', '1.0.0')] })], { gone: '1.0.0' }],
    ['a person has taken the other back further', [gone(), place('other', { current: '1.0.0', previous: '2.0.0', moves: [move('t2', '2.0.0', '1.0.0')] })], { gone: '1.0.0' }],
    ['the other was not there before', [gone(), place('other', { previous: null, kept: ['2.0.0'], moves: [move('t1', null, '2.0.0')] })], { gone: '1.0.0' }],
    ['the other is not there', [gone(), place('other', { current: null, previous: null, kept: [], moves: [] })], { gone: '1.0.0' }],
    ['no history: each by one', [gone({ moves: [] }), place('other', { moves: [] })], { gone: '1.0.0', other: '1.0.0' }],
    ['no history, and nothing before the other', [gone({ moves: [] }), place('other', { previous: null, kept: ['2.0.0'], moves: [] })], { gone: '1.0.0' }],
    ['past one that is bad too, and the other to what it was before that', [
      gone({ current: '3.0.0', previous: '2.0.0', kept: ['3.0.0', '2.0.0'], backups: ['1.0.0'], isBad: never('2.0.0'), moves: [move('t1', '1.0.0', '2.0.0'), move('t3', '2.0.0', '3.0.0')] }),
      place('other', { moves: [move('t2', '1.0.0', '2.0.0')] }),
    ], { gone: '1.0.0', other: '1.0.0' }],
    ['both withdrawn', [gone({ component: 'a' }), gone({ component: 'b', moves: [move('t2', '1.0.0', '2.0.0')] }), place('c', { moves: [move('t1', '1.0.0', '2.0.0')] })], { a: '1.0.0', b: '1.0.0', c: '1.0.0' }],
    ['nothing safe for the withdrawn one', [gone({ isBad: never('1.0.0') }), place('other')], 'gone'],
    ['nothing safe for the other', [gone(), place('other', { isBad: never('1.0.0') })], 'other'],
    ['the history out of order', [gone({ moves: [move('t3', '1.0.0', '2.0.0'), move('t1', '0.9.0', '1.0.0')] }), place('other', { moves: [move('t3', '1.0.0', '2.0.0'), move('t2', '0.9.0', '1.0.0')] })], { gone: '1.0.0', other: '1.0.0' }],
  ])('%s', (_name, places, expected) => {
    expect(chooseWayBack(places)).toEqual(typeof expected === 'string' ? { kind: 'none', component: expected } : { kind: 'back', to: expected });
    expect(chooseWayBack([...places].reverse())).toMatchObject({ kind: typeof expected === 'string' ? 'none' : 'back' });
  });
});

it.each<[string, Readonly<Record<string, string>>, readonly string[]]>([
  ['nothing comes', {}, []], ['an older one comes', { top: '1.9.0' }, []], ['a person brings the same one', { top: '2.0.0' }, ['1.1.0']],
  ['a newer one comes', { top: '2.0.1' }, ['1.1.0']], ['a newer one of another comes', { side: '3.0.0' }, []],
])('of what went back with top 2.0.0, when %s, comes again: %o', (_name, coming, expected) => {
  const at = '2026-11-21T00:00:00Z';
  expect(liftBlocks([{ version: '1.1.0', reason: 'r', at, went_with: { component: 'top', version: '2.0.0' } }, { version: '1.2.0', reason: 'bad', at }], new Map(Object.entries(coming)))).toEqual(expected);
});
