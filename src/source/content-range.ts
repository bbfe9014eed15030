// `Content-Range` of a 206, checked against what was asked: a wrong one would put bytes in the wrong place. Pure.

export interface ContentRange { readonly from: number; readonly to: number; readonly total: number | undefined }

/** Undefined for anything but one satisfied byte range. */
export function parseContentRange(header: string | null): ContentRange | undefined {
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/i.exec(header?.trim() ?? '');
  if (match === null) return undefined;
  const [from, to, total] = [Number(match[1]), Number(match[2]), match[3] === '*' ? undefined : Number(match[3])];
  return to < from || (total !== undefined && to >= total) ? undefined : { from, to, total };
}

/** A strong validator, the only kind that If-Range may carry. */
export function strongEtag(header: string | null): string | undefined {
  return header !== null && /^"[\x21\x23-\x7e]*"$/.test(header) ? header : undefined;
}

export function parseLength(header: string | null): number | undefined {
  return header !== null && /^\d{1,15}$/.test(header) ? Number(header) : undefined;
}
