// What came of one real program at the line.
export interface ProgramResult { readonly note: string; readonly faults: readonly string[] }
