import { type Incoming, NoAnswer } from './request.ts'

/** The JSON of an answer. What is none is not quoted. */
export function jsonOf({ text }: Incoming): unknown {
  const document = parseJson(text)
  if (document === undefined) throw new NoAnswer('answered with something other than JSON')
  return document
}

/** Undefined where the text is no JSON: the error of the engine would quote it. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The own member of an object, or undefined for whatever has none. */
export function member(value: unknown, name: string): unknown {
  return isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined
}

/** A member that is a text with something in it, or null. */
export function textMember(value: unknown, name: string): string | null {
  const found = member(value, name)
  return typeof found === 'string' && found !== '' ? found : null
}
