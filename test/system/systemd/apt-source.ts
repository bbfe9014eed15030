// From where a Debian machine takes Debian itself, whatever its mirror is called: read from its apt sources, of either form. Other
// publishers' repositories, which stand beside it and may use the same suite names, are passed over.
export interface AptSource {
  readonly uri: string;
  /** `signed-by=… trusted=yes`, as a one-line source has them between brackets; empty when there are none. */
  readonly options: string;
}

interface Entry extends AptSource { readonly suites: readonly string[]; readonly components: readonly string[] }
const words = (text: string | undefined): string[] => (text ?? '').split(/\s+/u).filter((word) => word !== '');
/** Fields of the newer form that the older one knows as options. */
const OPTIONS = ['Signed-By', 'Trusted'] as const;

/** @param codename of the machine's own release: `bookworm` */
export function chooseAptSource(texts: readonly string[], codename: string): AptSource | undefined {
  const entries = texts.map((text) => text.replaceAll(/^[ \t]*#.*(?:\n|$)/gmu, '')).flatMap((text) => [...readLines(text), ...readStanzas(text)]);
  const updated = new Set(entries.filter(({ suites }) => suites.includes(`${codename}-updates`)).map(({ uri }) => uri));
  const likely = ({ uri, options }: Entry): number => (updated.has(uri) ? 4 : 0) + (/debian\/?$/u.test(uri) ? 2 : 0) + (options.includes('debian-archive') ? 1 : 0);
  const own = entries.filter(({ suites, components }) => suites.includes(codename) && components.includes('main'));
  return own.sort((a, b) => likely(b) - likely(a)).map(({ uri, options }) => ({ uri, options }))[0];
}

function readLines(text: string): Entry[] {
  return [...text.matchAll(/^deb\s+(?:\[(?<options>[^\]]*)\]\s+)?(?<uri>\S+)\s+(?<suite>\S+)\s+(?<components>.+)$/gmu)].map(({ groups }) => ({
    uri: groups?.['uri'] ?? '', options: groups?.['options']?.trim() ?? '', suites: words(groups?.['suite']), components: words(groups?.['components']),
  }));
}

function readStanzas(text: string): Entry[] {
  return text.split(/\n(?:[ \t]*\n)+/u).flatMap((stanza) => {
    const field = (name: string): string | undefined => new RegExp(`^${name}:[ \\t]*(?<value>.*(?:\\n[ \\t].*)*)`, 'imu').exec(stanza)?.groups?.['value'];
    const [uri] = words(field('URIs'));
    if (uri === undefined || !words(field('Types')).includes('deb') || field('Enabled')?.trim() === 'no') return [];
    // A key written out in full has no place in a line; the machine's own keyrings have to do.
    const options = OPTIONS.flatMap((name) => { const value = words(field(name)); return value.length === 1 ? [`${name.toLowerCase()}=${value[0] ?? ''}`] : []; });
    return [{ uri, options: options.join(' '), suites: words(field('Suites')), components: words(field('Components')) }];
  });
}
