import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { z } from 'zod';

type ShapeName = 'message' | 'call' | 'call-recording' | 'recording' | 'page';
const shapes = z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync(join(import.meta.dirname, 'twilio-shapes', 'shapes.json'), 'utf8')));
const ajv = new Ajv({ allErrors: true, allowUnionTypes: true, strictTypes: false });
ajv.addFormat('date-time-rfc-2822', /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d{2}:\d{2}:\d{2} \+0000$/);
ajv.addFormat('phone-number', /^\+[1-9]\d{6,14}$/);
ajv.addFormat('currency', /^[A-Z]{3}$/);
ajv.addFormat('uri', (text) => URL.canParse(text, 'https://api.twilio.com'));
ajv.addFormat('uri-map', true);

/** What an answer does not have as the provider's OpenAPI says; empty when all is well. */
export function faultsOf(name: ShapeName, value: unknown): string[] {
  const schema = shapes[name];
  const validate = ajv.compile(z.record(z.string(), z.unknown()).parse(schema));
  validate(value);
  return (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message ?? ''}`);
}
