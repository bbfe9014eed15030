// The JSON Schema of holdline.yaml for editors. Apart from the schema, so that a device never loads the generator.
import * as z from 'zod/mini';
import { settingsSchema } from './schema.js';

/** As committed in config/holdline.schema.json. */
export function settingsJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(settingsSchema, { io: 'input', target: 'draft-7', override: ({ jsonSchema }) => { widen(jsonSchema); } });
  return { ...schema, title: 'holdline.yaml', description: 'Settings of holdline. All times are seconds; relative paths start at the file.' };
}

/** A number or boolean may also be a variable: "${PORT}". */
function widen(schema: Record<string, unknown>): void {
  const { type } = schema;
  if (type !== 'number' && type !== 'integer' && type !== 'boolean') return;
  const { default: value, description, ...plain } = schema;
  for (const key of Object.keys(schema)) delete schema[key];
  Object.assign(schema, { anyOf: [plain, { type: 'string', pattern: '\\$\\{' }] }, description === undefined ? {} : { description }, value === undefined ? {} : { default: value });
}
