import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What is wrong with a record by the published schema, see compile.ts. Stricter than it: no null, nothing deprecated. */

interface Type {
  readonly type?: string
  readonly regex?: string
  readonly range?: readonly [number, number]
  readonly maxLength?: number
}

interface Attribute {
  readonly type: string
  readonly array?: boolean
  readonly required?: boolean
  readonly enum?: Readonly<Record<string, string>>
  readonly sibling?: string
  readonly profile?: string
  readonly deprecated?: boolean
}

interface Shape {
  readonly caption: string
  readonly constraints?: { readonly at_least_one?: readonly string[]; readonly just_one?: readonly string[] }
  readonly attributes: Readonly<Record<string, Attribute>>
}

interface Class extends Shape {
  readonly uid: number
  readonly category: number
  readonly categoryName: string
}

interface Schema {
  readonly version: string
  readonly types: Readonly<Record<string, Type>>
  readonly classes: Readonly<Record<string, Class>>
  readonly objects: Readonly<Record<string, Shape>>
}

export const SCHEMA = JSON.parse(readFileSync(join(import.meta.dirname, 'schema.generated.json'), 'utf8')) as Schema

type Json = Readonly<Record<string, unknown>>

const CLASSES = new Map(Object.values(SCHEMA.classes).map((one) => [one.uid, one]))
const ACTIVITIES_PER_CLASS = 100
const OTHER = 99
const INTEGER_MAX = 2 ** 31 - 1
const PATTERNS = new Map(
  Object.entries(SCHEMA.types).flatMap(([name, { regex }]) => (regex ? [[name, new RegExp(regex)]] : [])),
)

/** Each as `path: what`; none where the record is valid. */
export function faultsOf(record: Json): string[] {
  const of = CLASSES.get(record.class_uid as number)
  if (of === undefined) return [`class_uid: ${String(record.class_uid)} is none of the schema's`]
  const { profiles = [], version } = (record.metadata ?? {}) as { profiles?: readonly string[]; version?: string }
  return [
    ...shapeFaults(of, record, '', profiles),
    ...equal('class_name', record.class_name, of.caption),
    ...equal('category_uid', record.category_uid, of.category),
    ...equal('category_name', record.category_name, of.categoryName),
    ...equal('type_uid', record.type_uid, of.uid * ACTIVITIES_PER_CLASS + Number(record.activity_id)),
    ...equal('metadata.version', version, SCHEMA.version),
  ]
}

function equal(path: string, found: unknown, wanted: unknown): string[] {
  return found === wanted ? [] : [`${path}: ${String(found)} instead of ${String(wanted)}`]
}

function shapeFaults(shape: Shape, value: Json, path: string, profiles: readonly string[]): string[] {
  const has = (name: string) => value[name] !== undefined
  const { at_least_one: some = [], just_one: one = [] } = shape.constraints ?? {}
  return [
    ...Object.entries(shape.attributes).flatMap(([name, { required, profile }]) =>
      required && !has(name) && (profile === undefined || profiles.includes(profile))
        ? [`${path}${name}: missing`]
        : [],
    ),
    ...(some.length > 0 && !some.some(has) ? [`${path}: none of ${some.join(', ')}`] : []),
    ...(one.length > 0 && one.filter(has).length !== 1 ? [`${path}: not one of ${one.join(', ')}`] : []),
    ...Object.entries(value).flatMap(([name, item]) => {
      const attribute = shape.attributes[name]
      if (attribute === undefined) return [`${path}${name}: unknown`]
      return attributeFaults({ attribute, name, item, path: `${path}${name}`, beside: value }, profiles)
    }),
  ]
}

interface Place {
  readonly attribute: Attribute
  readonly name: string
  readonly item: unknown
  readonly path: string
  readonly beside: Json
}

function attributeFaults({ attribute, item, path, beside }: Place, profiles: readonly string[]): string[] {
  const { profile, deprecated, array, sibling } = attribute
  if (profile !== undefined && !profiles.includes(profile)) return [`${path}: of the profile ${profile}, not listed`]
  if (deprecated) return [`${path}: deprecated`]
  if (array !== Array.isArray(item) && (array === true || attribute.type !== 'json_t')) {
    if (array || Array.isArray(item)) return [`${path}: ${array ? 'no array' : 'an array'}`]
  }
  const items: readonly unknown[] = Array.isArray(item) && array ? item : [item]
  const faults = items.flatMap((one) => valueFaults(attribute, one, path, profiles))
  const caption = attribute.enum?.[String(item)]
  if (sibling === undefined || caption === undefined) return faults
  const said = beside[sibling]
  if (item === OTHER) return typeof said === 'string' && said !== '' ? faults : [...faults, `${path}: 99 says not what`]
  return said === undefined || said === caption ? faults : [...faults, `${path}: ${caption}, called ${String(said)}`]
}

function valueFaults(attribute: Attribute, value: unknown, path: string, profiles: readonly string[]): string[] {
  const { type } = attribute
  if (value === null || value === undefined) return [`${path}: null`]
  if (attribute.enum && !(String(value) in attribute.enum)) return [`${path}: ${String(value)} is not in the enum`]
  if (type in SCHEMA.types) return isOfType(type, value) ? [] : [`${path}: ${JSON.stringify(value)} is no ${type}`]
  const shape = SCHEMA.objects[type]
  if (shape === undefined) return [`${path}: the object ${type} is not vendored`]
  if (typeof value !== 'object' || Array.isArray(value)) return [`${path}: no object`]
  // `unmapped` holds what its source likes.
  return type === 'object' ? [] : shapeFaults(shape, value as Json, `${path}.`, profiles)
}

function isOfType(name: string, value: unknown): boolean {
  const { type, range, maxLength } = SCHEMA.types[name] ?? {}
  if (typeof value === 'string' && maxLength !== undefined && value.length > maxLength) return false
  if (typeof value === 'number' && range && (value < range[0] || value > range[1])) return false
  if (name === 'timestamp_t' && Number(value) < 0) return false
  const pattern = PATTERNS.get(name)
  if (pattern && !(typeof value === 'string' && pattern.test(value))) return false
  return type === undefined ? isBasic(name, value) : isOfType(type, value)
}

function isBasic(name: string, value: unknown): boolean {
  switch (name) {
    case 'string_t':
      return typeof value === 'string'
    case 'boolean_t':
      return typeof value === 'boolean'
    case 'integer_t':
      return Number.isInteger(value) && Math.abs(value as number) <= INTEGER_MAX
    case 'long_t':
      return Number.isSafeInteger(value)
    case 'float_t':
      return Number.isFinite(value)
    case 'json_t':
      return true
    default:
      return false
  }
}
