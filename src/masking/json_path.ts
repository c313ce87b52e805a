import { decodeUtf8 } from '../bytes/reader.ts'
import { encodeUtf8 } from '../bytes/writer.ts'
import { SallyportError } from '../errors.ts'
import { decimalBucket } from './bucket.ts'
import { type JsonStep, parseJsonPath, stringOf } from './json_path_syntax.ts'
import { JsonReader, JsonUnread } from './json_reader.ts'
import { decimalText, readDecimal } from './numeric.ts'
import type { JsonRule, Masker, MaskRule } from './rule.ts'
import { textMasker } from './text_mask.ts'

type JsonPath = Extract<MaskRule, { strategy: 'json_path' }>

/** A scalar's literal to the literal that stands in its place; null shows what the path leads to. */
type LiteralMask = ((literal: string) => string) | null

interface Path {
  readonly steps: readonly JsonStep[]
  readonly mask: LiteralMask
}

/** A path that leads to the value at hand or into it, and how many of its steps are taken. */
interface Live {
  readonly path: Path
  readonly taken: number
}

/** `json_path`: masks what the paths lead to, and keeps or drops the rest. What can't be read is NULL as a whole. */
export function jsonPathMasker(rule: JsonPath): Masker {
  const paths = rule.paths.map(({ path, rule: inner }): Live => {
    const steps = parseJsonPath(path)
    if (steps === null) throw new SallyportError('SP-CONFIG', `${path} is no JSON path`)
    return { path: { steps, mask: literalMask(inner) }, taken: 0 }
  })
  const keeps = rule.default === 'keep'
  return (value) => {
    try {
      const reader = new JsonReader(decodeUtf8(value))
      const masked = maskValue(reader, paths, keeps)
      reader.end()
      return masked === null ? null : encodeUtf8(masked)
    } catch (error) {
      if (error instanceof JsonUnread || error instanceof SallyportError) return null
      throw error
    }
  }
}

/** The value's new text, or null where it is dropped. */
function maskValue(reader: JsonReader, paths: readonly Live[], keeps: boolean): string | null {
  const here = paths.find(({ path, taken }) => path.steps.length === taken)?.path
  if (here?.mask) return here.mask(reader.skip())
  const kept = keeps || here !== undefined
  const deeper = paths.filter(({ path, taken }) => path.steps.length > taken)
  const first = reader.peek()
  if (deeper.length === 0 || (first !== '{' && first !== '[')) {
    const text = reader.skip()
    return kept ? text : null
  }
  return first === '{' ? maskMembers(reader, deeper, kept) : maskElements(reader, deeper, kept)
}

function maskMembers(reader: JsonReader, paths: readonly Live[], kept: boolean): string {
  const members: string[] = []
  reader.members((key) => {
    const name = stringOf(key)
    const inside = paths.filter(({ path, taken }) => leadsToMember(path.steps[taken], name))
    const text = maskValue(reader, inside.map(oneMore), kept)
    if (text !== null) members.push(`${key}: ${text}`)
  })
  return `{${members.join(', ')}}`
}

function maskElements(reader: JsonReader, paths: readonly Live[], kept: boolean): string {
  const elements: string[] = []
  reader.elements((index) => {
    const inside = paths.filter(({ path, taken }) => leadsToElement(path.steps[taken], index))
    const text = maskValue(reader, inside.map(oneMore), kept)
    if (text !== null) elements.push(text)
  })
  return `[${elements.join(', ')}]`
}

function oneMore({ path, taken }: Live): Live {
  return { path, taken: taken + 1 }
}

function leadsToMember(step: JsonStep | undefined, name: string | null): boolean {
  return step?.kind === 'members' || (step?.kind === 'member' && step.name === name)
}

function leadsToElement(step: JsonStep | undefined, index: number): boolean {
  return step?.kind === 'elements' || (step?.kind === 'element' && step.index === index)
}

/** JSON null stays; objects, arrays, true and false become null under every strategy but `redact`. */
function literalMask(rule: JsonRule): LiteralMask {
  if (rule.strategy === 'keep') return null
  if (rule.strategy === 'redact') {
    const constant = JSON.stringify(rule.text.toWellFormed())
    return (literal) => (literal === 'null' ? literal : constant)
  }
  const masker = textMasker(rule, null)
  return (literal) => {
    if (literal.startsWith('"')) return maskedString(masker, stringOf(literal) ?? '')
    if (!/^[-\d]/.test(literal)) return 'null'
    if (rule.strategy === 'bucket') return bucketLiteral(literal, rule.width)
    return rule.strategy === 'hash' || rule.strategy === 'token' ? maskedString(masker, literal) : 'null'
  }
}

function maskedString(masker: Masker, text: string): string {
  const masked = masker(encodeUtf8(text.toWellFormed()))
  return masked === null ? 'null' : JSON.stringify(decodeUtf8(masked))
}

function bucketLiteral(literal: string, width: number | null): string {
  const decimal = width === null ? null : readDecimal(literal)
  return decimal === null || width === null ? 'null' : decimalText(decimalBucket(decimal, BigInt(width)))
}
