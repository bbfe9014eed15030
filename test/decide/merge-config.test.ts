import { describe, expect, it } from 'vitest';
import { mergeConfig, type ConfigFiles } from '../../src/decide/merge-config.js';

type Files = Readonly<Record<string, string>>;
const pack = (files: Files): ConfigFiles => new Map(Object.entries(files).map(([path, text]) => [path, { content: Buffer.from(text), mode: 0o644 }]));
const unpack = (files: ConfigFiles): Files => Object.fromEntries([...files].map(([path, { content }]) => [path, content.toString()]));

function merge(base: Files | null, ours: Files, theirs: Files) {
  const merged = mergeConfig({ base: base === null ? null : pack(base), ours: pack(ours), theirs: pack(theirs) });
  return { files: unpack(merged.files), conflicts: merged.conflicts, news: unpack(merged.newFiles) };
}
/** One file: [text, conflicting keys]. */
function one(path: string, base: string | null, ours: string, theirs: string): [string | undefined, (string | null)[]] {
  const merged = merge(base === null ? null : { [path]: base }, { [path]: ours }, { [path]: theirs });
  expect(merged.news).toEqual(merged.conflicts.length === 0 ? {} : { [`${path}.new`]: theirs });
  return [merged.files[path], merged.conflicts.map(({ key }) => key)];
}

describe('whole files', () => {
  it.each<[string, Files | null, Files, Files, Files, (string | null)[]]>([
    ['untouched follows the release', { a: '1' }, { a: '1' }, { a: '2' }, { a: '2' }, []],
    ['edited keeps the edit', { a: '1' }, { a: 'x' }, { a: '1' }, { a: 'x' }, []],
    ['both alike', { a: '1' }, { a: '2' }, { a: '2' }, { a: '2' }, []],
    ['both changed', { a: '1' }, { a: 'x' }, { a: '2' }, { a: 'x' }, [null]],
    ['new in the release', {}, {}, { a: '1' }, { a: '1' }, []],
    ['added here', {}, { mine: '1' }, {}, { mine: '1' }, []],
    ['added on both sides, different', {}, { a: 'x' }, { a: '1' }, { a: 'x' }, [null]],
    ['removed by the release, untouched', { a: '1' }, { a: '1' }, {}, {}, []],
    ['removed by the release, edited', { a: '1' }, { a: 'x' }, {}, { a: 'x' }, [null]],
    ['deleted here, unchanged since', { a: '1' }, {}, { a: '1' }, {}, []],
    ['deleted here, changed since', { a: '1' }, {}, { a: '2' }, {}, [null]],
    ['deleted on both sides', { a: '1' }, {}, {}, {}, []],
    ['no base: the device stays, new files come', null, { a: 'x', mine: '1' }, { a: '1', b: '2' }, { a: 'x', mine: '1', b: '2' }, [null]],
    ['an older .new goes', { 'a.yaml': '1' }, { 'a.yaml': '1', 'a.yaml.new': 'z' }, { 'a.yaml': '1' }, { 'a.yaml': '1' }, []],
    ['a .new of nothing is a person\'s', {}, { 'notes.new': 'z' }, {}, { 'notes.new': 'z' }, []],
    ['a shipped .new is a file', { 'a.new': '1', a: '1' }, { 'a.new': 'z', a: '1' }, { 'a.new': '1', a: '1' }, { 'a.new': 'z', a: '1' }, []],
    ['our file where the release needs a folder', {}, { 'c/a': 'mine' }, { 'c/a/b': '1' }, { 'c/a': 'mine' }, [null]],
    ['our folder where the release has a file', {}, { 'c/a/b': 'mine' }, { 'c/a': '1' }, { 'c/a/b': 'mine' }, [null]],
    ['a folder becomes a file, untouched', { 'c/a/b': '1' }, { 'c/a/b': '1' }, { 'c/a': '1' }, { 'c/a': '1' }, []],
    ['odd names', { 'c/ä b#.YAML': 'a: 1\nb: 1\n' }, { 'c/ä b#.YAML': 'a: 2\nb: 1\n' }, { 'c/ä b#.YAML': 'a: 1\nb: 2\n' }, { 'c/ä b#.YAML': 'a: 2\nb: 2\n' }, []],
  ])('%s', (_name, base, ours, theirs, files, keys) => {
    const merged = merge(base, ours, theirs);
    expect(merged.files).toEqual(files);
    expect(merged.conflicts.map(({ key }) => key)).toEqual(keys);
  });
  it('says where the release\'s file went, and takes no name that is in use', () => {
    expect(merge({ a: '1' }, { a: 'x' }, { a: '2' })).toMatchObject({ conflicts: [{ path: 'a', key: null, written_as: 'a.new' }], news: { 'a.new': '2' } });
    expect(merge({ a: '1', 'a.new': '1' }, { a: 'x', 'a.new': '1' }, { a: '2', 'a.new': '1' }).conflicts).toEqual([{ path: 'a', key: null, written_as: 'a.new.new' }]);
    expect(merge({ a: '1' }, { a: 'x' }, {}).conflicts).toEqual([{ path: 'a', key: null, written_as: null }]);
    expect(merge({}, { 'c/a': 'mine' }, { 'c/a/b': '1' }).conflicts).toEqual([{ path: 'c/a/b', key: null, written_as: null }]);
  });
  it('modes follow the release unless changed here', () => {
    const mode = (base: number | null, ours: number, theirs: number) => mergeConfig({
      base: base === null ? null : new Map([['a', { content: Buffer.from('1'), mode: base }]]),
      ours: new Map([['a', { content: Buffer.from('x'), mode: ours }]]), theirs: new Map([['a', { content: Buffer.from('1'), mode: theirs }]]),
    }).files.get('a')?.mode;
    expect([mode(0o644, 0o644, 0o755), mode(0o644, 0o600, 0o755), mode(null, 0o600, 0o644)]).toEqual([0o755, 0o600, 0o600]);
  });
});

const BASE = `# shipped by the release
server:
  port: 8080   # the port
  host: 0.0.0.0
# how loud
log: info
limits: {cpu: 1, mem: 2}
list:
  - a
  - b
`;

describe('YAML, key by key', () => {
  it.each<[string, string, string, string, (string | null)[]]>([
    ['a scalar of the release, beside an edit', BASE.replace('8080', '9090'), BASE.replace('info', 'debug'), BASE.replace('8080', '9090').replace('info', 'debug'), []],
    ['a comment of a person stays', BASE.replace('# how loud', '# how loud\n# (me: do not touch)'), BASE.replace('info', 'warn'), BASE.replace('# how loud', '# how loud\n# (me: do not touch)').replace('info', 'warn'), []],
    ['a comment at the changed line stays', BASE.replace('8080   # the port', '8080   # mine'), BASE.replace('8080', '81'), BASE.replace('8080   # the port', '81   # mine'), []],
    ['the same key on both sides', BASE.replace('8080', '1'), BASE.replace('8080', '2').replace('info', 'warn'), BASE.replace('8080', '1').replace('info', 'warn'), ['server.port']],
    ['a new key goes beside its neighbour', BASE.replace('8080', '1'), BASE.replace('  host', '  # secure\n  tls: true\n  host'), BASE.replace('8080', '1').replace('  host', '  # secure\n  tls: true\n  host'), []],
    ['a new section with its blank line', BASE.replace('8080', '1'), `${BASE}\n# new\nmetrics:\n  on: true\n`, `${BASE.replace('8080', '1')}\n# new\nmetrics:\n  on: true\n`, []],
    ['a removed key and its shipped comment', BASE.replace('8080', '1'), BASE.replace('# how loud\nlog: info\n', ''), BASE.replace('8080', '1').replace('# how loud\nlog: info\n', ''), []],
    ['a removed key, but a person\'s comment', BASE.replace('# how loud', '# mine'), BASE.replace('# how loud\nlog: info\n', ''), BASE.replace('# how loud\nlog: info', '# mine'), []],
    ['a removed key that was edited', BASE.replace('info', 'warn'), BASE.replace('# how loud\nlog: info\n', ''), BASE.replace('info', 'warn'), ['log']],
    ['a key deleted here', BASE.replace('  host: 0.0.0.0\n', ''), BASE.replace('info', 'warn'), BASE.replace('  host: 0.0.0.0\n', '').replace('info', 'warn'), []],
    ['a key deleted here and changed there', BASE.replace('  host: 0.0.0.0\n', ''), BASE.replace('0.0.0.0', 'localhost'), BASE.replace('  host: 0.0.0.0\n', ''), ['server.host']],
    ['a flow mapping, both sides', BASE.replace('cpu: 1', 'cpu: 9'), BASE.replace('mem: 2', 'mem: 3'), BASE.replace('cpu: 1', 'cpu: 9').replace('mem: 2', 'mem: 3'), []],
    ['a new key in a flow mapping', BASE.replace('cpu: 1', 'cpu: 9'), BASE.replace('mem: 2', 'mem: 2, disk: 3'), BASE.replace('cpu: 1', 'cpu: 9').replace('mem: 2', 'mem: 2, disk: 3'), []],
    ['a list of the release', BASE.replace('8080', '1'), BASE.replace('  - b\n', '  - b\n  - c\n'), BASE.replace('8080', '1').replace('  - b\n', '  - b\n  - c\n'), []],
    ['a list changed on both sides is one value', BASE.replace('- a', '- x'), BASE.replace('- b', '- y'), BASE.replace('- a', '- x'), ['list']],
    ['a person\'s comment inside a replaced list', BASE.replace('  - a', '  - a  # mine'), BASE.replace('  - b\n', '  - c\n'), BASE.replace('list:', '# mine\nlist:').replace('  - b\n', '  - c\n'), []],
    ['a mapping becomes a scalar', BASE.replace('info', 'warn'), BASE.replace('{cpu: 1, mem: 2}', 'none'), BASE.replace('info', 'warn').replace('{cpu: 1, mem: 2}', 'none'), []],
    ['a scalar becomes a mapping', BASE.replace('8080', '1'), BASE.replace('log: info', 'log:\n  level: info'), BASE.replace('8080', '1').replace('log: info', 'log:\n  level: info'), []],
    ['an edited scalar becomes a mapping', BASE.replace('info', 'warn'), BASE.replace('log: info', 'log:\n  level: info'), BASE.replace('info', 'warn'), ['log']],
    ['a mapping that was filled here loses its shipped keys', BASE.replace('  port', '  mine: 1\n  port'), BASE.replace('  port: 8080   # the port\n  host: 0.0.0.0\n', '  other: 1\n'), BASE.replace('  port: 8080   # the port\n  host: 0.0.0.0\n', '  mine: 1\n  other: 1\n'), []],
    ['other indentation here', BASE.replaceAll('\n  ', '\n      ').replace('info', 'warn'), BASE.replace('  host', '  tls:\n    on: true\n  host'), BASE.replaceAll('\n  ', '\n      ').replace('info', 'warn').replace('      host', '      tls:\n        on: true\n      host'), []],
    ['quotes are an edit', BASE.replace('info', '"info"'), BASE.replace('info', 'warn'), BASE.replace('info', '"info"'), ['log']],
    ['1.10 is not 1.1', `${BASE}v: 1.10\n`, `${BASE}v: 1.2\n`, `${BASE}v: 1.10\n`, ['v']],
    ['a comment between sections stays in its section', BASE.replace('0.0.0.0\n', '0.0.0.0\n  # tls: true\n'), BASE.replace('# how', 'extra: 1\n# how'), BASE.replace('0.0.0.0\n', '0.0.0.0\n  # tls: true\nextra: 1\n'), []],
    ['an empty value is filled', BASE.replace('8080', '1'), BASE.replace('log: info', 'log:'), BASE.replace('8080', '1').replace('log: info', 'log:'), []],
    ['no newline at the end', BASE.replace('8080', '1').trimEnd(), `${BASE}z: 1\n`, `${BASE.replace('8080', '1')}z: 1`, []],
    ['CRLF here', BASE.replace('8080', '1').replaceAll('\n', '\r\n'), `${BASE}z: 1\n`, `${BASE.replace('8080', '1')}z: 1\n`.replaceAll('\n', '\r\n'), []],
    ['a BOM here', `\uFEFF${BASE}`, `${BASE}z: 1\n`, `\uFEFF${BASE}z: 1\n`, []],
    ['tags', `${BASE}p: !secret mine\n`, `${BASE}q: !secret theirs\n`, `${BASE}q: !secret theirs\np: !secret mine\n`, []],
  ])('%s', (_name, ours, theirs, expected, keys) => {
    expect(one('config/a.yaml', BASE, ours, theirs)).toEqual([expected, keys]);
  });
  it('fills an empty mapping, and empties one, as the release does', () => {
    const base = 'x: 1\nm: {}  # shipped\n';
    const full = 'x: 1\nm:\n  a: 1\n';
    expect(one('a.yaml', base, base.replace('x: 1', 'x: 2'), full)).toEqual([full.replace('x: 1', 'x: 2'), []]);
    expect(one('a.yaml', full, 'x: 2\nm:\n  a: 1  # mine\n', base)).toEqual(['x: 2\n# mine\nm: {}\n', []]);
    expect(one('a.yaml', null, 'm: {} # mine\n', 'm:\n  a: 1\n')).toEqual(['# mine\nm:\n  a: 1\n', []]);
  });
  it('replaces block scalars as a whole', () => {
    const base = 'a: 1\nmotd: |\n  hello\n  # not a comment\n\nz: 1\n';
    expect(one('a.yml', base, base.replace('a: 1', 'a: 2'), base.replace('hello', 'bye'))).toEqual([base.replace('a: 1', 'a: 2').replace('hello', 'bye'), []]);
  });
  it.each([
    ['anchors', 'x: &a 1\ny: *a\nz: 1\n'], ['several documents', 'x: 1\n---\ny: 1\nz: 1\n'], ['tabs', 'x:\n\ty: 1\nz: 1\n'], ['no YAML', 'x: "\nz: 1\n'],
    ['a list', '- x\n- z: 1\n'], ['a key twice', 'x: 1\nx: 2\nz: 1\n'], ['a complex key', '? [a]\n: 1\nz: 1\n'], ['mixed line ends', 'x: 1\r\nz: 1\n'], ['a lone carriage return', 'x: "a\rb"\nz: 1\n'],
  ])('keeps a file with %s as a whole', (_name, base) => {
    const ours = `${base}mine: 1\n`;
    expect(one('a.yaml', base, ours, base.replace('z: 1', 'z: 2'))).toEqual([ours, [null]]);
    expect(one('a.yaml', base, base, ours)).toEqual([ours, []]);
  });
  it('bytes that are no text, and huge files, are kept as a whole', () => {
    const bytes = Buffer.from([0xff, 0xfe, 0]);
    const side = (content: Buffer): ConfigFiles => new Map([['a.yaml', { content, mode: 0o644 }]]);
    expect(mergeConfig({ base: side(Buffer.from('a: 1')), ours: side(bytes), theirs: side(Buffer.from('a: 2')) }).files.get('a.yaml')?.content).toBe(bytes);
    const huge = `a: "${'x'.repeat(1024 * 1024)}"\nb: 1\n`;
    expect(one('a.yaml', huge, huge.replace('b: 1', 'b: 2'), huge.replace('a:', 'c:'))[1]).toEqual([null]);
    const deep = `a: ${'['.repeat(5000)}${']'.repeat(5000)}\nb: 1\n`;
    expect(one('a.yaml', deep, deep.replace('b: 1', 'b: 2'), `${deep}c: 1\n`)[1]).toEqual([null]);
  });
});

describe('the first update, without a base', () => {
  it('keeps the device\'s values, adds keys, lists every difference', () => {
    expect(one('a.yaml', null, 'a: 1\nb: {c: 1}\nmine: 1\n', 'a: 2\nb: {c: 3, d: 4}\ne: 5\n')).toEqual(['a: 1\nb: {c: 1, d: 4}\ne: 5\nmine: 1\n', ['a', 'b.c']]);
  });
});

describe('JSON', () => {
  const base = '{\n    "a": 1,\n    "b": {"c": [1, 2], "d": "x"},\n    "big": 12345678901234567890\n}\n';
  it.each<[string, string, string, string, (string | null)[]]>([
    ['both sides', base.replace('"x"', '"mine"'), base.replace('"a": 1', '"a": 2'), base.replace('"x"', '"mine"').replace('"a": 1', '"a": 2'), []],
    ['digits beyond doubles', base.replace('67890', '67891'), base.replace('"a": 1', '"a": 2'), base.replace('67890', '67891').replace('"a": 1', '"a": 2'), []],
    ['digits beyond doubles in conflict', base.replace('67890', '67891'), base.replace('67890', '67892'), base.replace('67890', '67891'), ['big']],
    ['a new key, with our indentation', base.replace('"x"', '"mine"'), '{\n  "a": 1,\n  "new": {\n    "k": [\n      1\n    ]\n  },\n  "b": {"c": [1, 2], "d": "x"},\n  "big": 12345678901234567890\n}\n',
      base.replace('"x"', '"mine"').replace('    "b"', '    "new": {\n        "k": [\n            1\n        ]\n    },\n    "b"'), []],
    ['a removed key', base.replace('"a": 1', '"a": 7'), base.replace('"c": [1, 2], ', ''), base.replace('"a": 1', '"a": 7').replace('"c": [1, 2], ', ''), []],
    ['the last key removed', base.replace('"a": 1', '"a": 7'), base.replace(',\n    "big": 12345678901234567890', ''), base.replace('"a": 1', '"a": 7').replace(',\n    "big": 12345678901234567890', ''), []],
    ['all keys of a mapping removed', base.replace('"a": 1', '"a": 7'), base.replace('{"c": [1, 2], "d": "x"}', '{}'), base.replace('"a": 1', '"a": 7').replace('{"c": [1, 2], "d": "x"}', '{}'), []],
    ['no newline at the end', base.replace('"x"', '"y"').trimEnd(), base.replace('"a": 1', '"a": 2'), base.replace('"x"', '"y"').replace('"a": 1', '"a": 2').trimEnd(), []],
    ['a list is one value', base.replace('[1, 2]', '[1, 2, 3]'), base.replace('[1, 2]', '[0, 1, 2]'), base.replace('[1, 2]', '[1, 2, 3]'), ['b.c']],
    ['a key named __proto__', base.replace('"a"', '"__proto__": {"x": 1}, "a"'), base.replace('"x"', '"y"'), base.replace('"a"', '"__proto__": {"x": 1}, "a"').replace(': "x"', ': "y"'), []],
    ['comments: kept as a whole', base.replace('{\n', '{ // mine\n'), base.replace('"x"', '"y"'), base.replace('{\n', '{ // mine\n'), [null]],
    ['not JSON in the release', base.replace('"x"', '"y"'), base.replace('"a": 1', '"a": 01'), base.replace('"x"', '"y"'), [null]],
  ])('%s', (_name, ours, theirs, expected, keys) => {
    expect(one('config/a.json', base, ours, theirs)).toEqual([expected, keys]);
  });
  it('keeps tabs and fills an empty mapping as the release writes it', () => {
    expect(one('a.json', '{\n\t"a": {},\n\t"b": 1\n}', '{\n\t"a": {},\n\t"b": 2\n}', '{\n  "a": {\n    "x": 1\n  },\n  "b": 1\n}')).toEqual(['{\n\t"a": {\n\t\t"x": 1\n\t},\n\t"b": 2\n}', []]);
    expect(one('a.json', '{"a":1}', '{"a":1,"z":{}}', '{"a":2,"b":3}')).toEqual(['{"a":2,"b":3,"z":{}}', []]);
  });
});
