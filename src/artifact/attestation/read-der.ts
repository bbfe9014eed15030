// The two DER shapes a build certificate's identity is written in. Pure. The library reads them leniently (it drops the high bit of each
// byte, so that other names could look like ours); here every byte counts, and what is not exactly one value is no value.

const UTF8_STRING = 0x0c;
const SEQUENCE = 0x30;
/** GeneralName ::= [6] uniformResourceIdentifier */
const URI_NAME = 0x86;

/** The content when `der` is one element of this tag and nothing else; undefined otherwise. */
function readOnly(der: Uint8Array, tag: number): Uint8Array | undefined {
  const first = der[1];
  if (der[0] !== tag || first === undefined) return undefined;
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  if (lengthBytes > 2 || first === 0x80) return undefined;
  let length = lengthBytes === 0 ? first : 0;
  for (let at = 0; at < lengthBytes; at += 1) length = length * 256 + (der[2 + at] ?? 0);
  // DER: the shortest form only.
  if ((lengthBytes === 1 && length < 0x80) || (lengthBytes === 2 && length < 0x100)) return undefined;
  const content = der.subarray(2 + lengthBytes);
  return content.length === length ? content : undefined;
}

/** A UTF8String; undefined when it is anything else. */
export function readUtf8String(der: Uint8Array): string | undefined {
  const content = readOnly(der, UTF8_STRING);
  if (content === undefined) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content);
  } catch {
    return undefined;
  }
}

/** The one URI of a subjectAltName that holds nothing else, all printable ASCII; undefined otherwise. */
export function readOnlyUri(der: Uint8Array): string | undefined {
  const names = readOnly(der, SEQUENCE);
  const uri = names === undefined ? undefined : readOnly(names, URI_NAME);
  if (uri === undefined || !uri.every((byte) => byte > 0x20 && byte < 0x7f)) return undefined;
  return Buffer.from(uri).toString('latin1');
}
