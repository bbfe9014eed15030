// Where the systemd proof takes its Debian from: the machine's own mirror, whatever it is called and in whatever form it is written.
import { expect, it } from 'vitest';
import { chooseAptSource } from '../system/systemd/apt-source.js';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const stanza = (uri: string, suites: string, more = ''): string => `Types: deb deb-src\n# a comment\nURIs: ${uri}\nSuites: ${suites}\nComponents: main contrib\n${more}`;

it.each([
  ['one line', ['deb http://mirror.example/debian bookworm main\ndeb http://mirror.example/debian-security bookworm-security main\n'], 'http://mirror.example/debian', ''],
  ['one line with options', [`deb [arch=amd64 signed-by=${KEYRING}] https://mirror/apt/deb-proxy/ bookworm main`], 'https://mirror/apt/deb-proxy/', `arch=amd64 signed-by=${KEYRING}`],
  ['a stanza', [stanza('http://mirror.example/debian', 'bookworm bookworm-updates', `Signed-By: ${KEYRING}\n`)], 'http://mirror.example/debian', `signed-by=${KEYRING}`],
  ['a stanza after another', [`${stanza('http://x/sec', 'bookworm-security')}\n${stanza('http://x/remote', 'bookworm', 'Trusted: yes\n')}`], 'http://x/remote', 'trusted=yes'],
  ['a list of mirrors', [stanza('mirror+file:///etc/apt/mirrors/debian.list', 'bookworm bookworm-updates')], 'mirror+file:///etc/apt/mirrors/debian.list', ''],
  ['several addresses: the first', [stanza('http://a/debian http://b/debian', 'bookworm')], 'http://a/debian', ''],
  ['one that is off', [`${stanza('http://off/debian', 'bookworm', 'Enabled: no\n')}\n${stanza('http://on/debian', 'bookworm')}`], 'http://on/debian', ''],
  ['a commented line', ['# deb http://off/debian bookworm main\ndeb http://on/debian bookworm main\n'], 'http://on/debian', ''],
  ['a key written out', [stanza('http://a/debian', 'bookworm', 'Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQ==\n -----END PGP PUBLIC KEY BLOCK-----\n')], 'http://a/debian', ''],
  ['another publisher first', ['deb https://apt.vendor.example bookworm main\n', `${stanza('http://m/anything', 'bookworm bookworm-updates')}`], 'http://m/anything', ''],
  ['another publisher, no updates', ['deb https://apt.vendor.example bookworm main\ndeb http://m/debian bookworm main\n'], 'http://m/debian', ''],
])('reads %s', (_name, texts, uri, options) => {
  expect(chooseAptSource(texts, 'bookworm')).toEqual({ uri, options });
});

it.each([['nothing', []], ['another system', ['deb http://archive/ubuntu noble main\n']], ['sources only', ['deb-src http://a/debian bookworm main\n']], ['no main', ['deb https://vendor bookworm stable\n']]])('finds none in %s', (_name, texts) => {
  expect(chooseAptSource(texts, 'bookworm')).toBeUndefined();
});
