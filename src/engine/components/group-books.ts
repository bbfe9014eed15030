// The books of a transaction of several components: each writes down its own part, as if it had moved alone.
import { closeBooks, type Books } from '../close-books.js';
import type { Member } from './app-parts.js';

/** Idempotent as closeBooks is: what one of them could not write is written at the next start, the others' are not written twice. */
export function closeGroupBooks(members: readonly Member[], books: Books, own: (component: string) => Partial<Books> = () => ({})): void {
  const { begin } = books.journal;
  for (const { component, from, to, went_with: wentWith } of begin.members ?? []) {
    const member = members.find(({ name }) => name === component);
    // The settings no longer name it: nobody reads its books any more.
    if (member === undefined) continue;
    closeBooks(member.parts, { ...books, ...own(component), wentWith, journal: { begin: { ...begin, plan: { ...begin.plan, from, to } } } });
  }
}
