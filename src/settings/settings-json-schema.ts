// The JSON Schema of holdline.yaml for editors. Apart from the schema, so that a device never loads the generator.
import * as z from 'zod/mini';
import { innerKeyDescriptions, keyDescriptions } from './key-descriptions.js';
import { settingsSchema } from './schema.js';

/** As committed in config/holdline.schema.json. */
export function settingsJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(settingsSchema, { io: 'input', target: 'draft-7', override: ({ jsonSchema, path }) => { adapt(jsonSchema, path); } });
  return { ...schema, title: 'holdline.yaml', description: 'Settings of holdline. All times are seconds; relative paths start at the file.' };
}

function adapt(schema: Record<string, unknown>, path: readonly (string | number)[]): void {
  allowVariable(schema);
  const description = describe(path);
  if (description !== undefined) schema['description'] = description;
}

/** A number or boolean may also be a variable: "${PORT}". */
function allowVariable(schema: Record<string, unknown>): void {
  const { type, default: value, ...rest } = schema;
  if (type !== 'number' && type !== 'integer' && type !== 'boolean') return;
  for (const key of Object.keys(schema)) delete schema[key];
  Object.assign(schema, { anyOf: [{ type, ...rest }, { type: 'string', pattern: '\\$\\{' }] }, value === undefined ? {} : { default: value });
}

/** `properties/services/items/anyOf/0/properties/unit` is `services.unit`. */
function describe(path: readonly (string | number)[]): string | undefined {
  const keys = path.filter((_part, index) => path[index - 1] === 'properties').map(String);
  if (path.at(-2) !== 'properties') return undefined;
  return describeKeys(keys);
}

function describeKeys(keys: readonly string[]): string | undefined {
  const name = keys.join('.');
  if (keys.length === 1) return Object.entries(keyDescriptions).find(([key]) => key === name)?.[1];
  const [first, ...rest] = keys;
  // What a component may say is what the file may say, but for what only components have.
  return innerKeyDescriptions[name] ?? (first === 'components' ? describeKeys(rest) : undefined);
}
