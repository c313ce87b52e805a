import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Makes schema.generated.json out of a checkout of github.com/ocsf/ocsf-schema:
 *
 *     git clone --branch v1.8.0 https://github.com/ocsf/ocsf-schema
 *     node test/audit/ocsf/compile.ts ocsf-schema
 *
 * Only the classes, objects and profiles that are named here are kept, without descriptions. An attribute whose object
 * is not among them stays, and the validator refuses it: who starts to use it adds it here.
 */
const CLASSES = [
  'findings/detection_finding',
  'iam/account_change',
  'iam/authentication',
  'iam/entity_management',
  'iam/user_access',
  'application/application_lifecycle',
  'application/api_activity',
  'application/datastore_activity',
]
const OBJECTS = [
  ...['actor', 'api', 'authorization', 'database', 'enrichment', 'evidences', 'finding_info', 'group', 'http_request'],
  ...['idp', 'managed_entity', 'metadata', 'network_endpoint', 'organization', 'policy', 'product', 'query_info'],
  ...['related_event', 'remediation', 'request', 'resource_details', 'service', 'session', 'table', 'url', 'user'],
]
const PROFILES = ['security_control']

type Json = Record<string, unknown>

interface Attribute extends Json {
  requirement?: string
  enum?: Record<string, { caption: string }>
  profile?: string | null
}

interface Definition extends Json {
  caption: string
  extends?: string
  attributes: Record<string, Attribute>
  constraints?: Record<string, string[]>
}

const root = process.argv[2] ?? 'ocsf-schema'

function read<T = Definition>(path: string): T {
  return JSON.parse(readFileSync(join(root, path), 'utf8')) as T
}

const dictionary = read<{ attributes: Record<string, Attribute>; types: { attributes: Record<string, Json> } }>(
  'dictionary.json',
)
const categories = read<{ attributes: Record<string, { uid: number; caption: string }> }>('categories.json')

function pathOf(name: string, kind: 'event' | 'object'): string {
  if (kind === 'object') return `objects/${name}.json`
  const known = ['base_event', 'iam/iam', 'application/application', 'findings/finding', ...CLASSES]
  return `events/${known.find((path) => path.split('/').at(-1) === name)}.json`
}

/** Attributes of what it extends and includes, then its own over them. */
function merged(name: string, kind: 'event' | 'object'): Definition & { category?: string } {
  const own = read(pathOf(name, kind))
  const base = own.extends === undefined ? null : merged(own.extends, kind)
  const attributes: Record<string, Attribute> = structuredClone(base?.attributes ?? {})
  const { $include: included = [], ...rest } = own.attributes as Record<string, Attribute> & { $include?: string[] }
  for (const path of included) {
    const profile = read(path)
    if (!PROFILES.includes(String(profile.name))) continue
    for (const [key, value] of Object.entries(profile.attributes)) {
      attributes[key] = over(attributes[key], { ...value, profile: String(profile.name) })
    }
  }
  for (const [key, value] of Object.entries(rest)) attributes[key] = over(attributes[key], value)
  const constraints = own.constraints ?? base?.constraints
  return { ...base, ...own, attributes, ...(constraints && { constraints }) }
}

function over(before: Attribute | undefined, after: Attribute): Attribute {
  const both = { ...before, ...after }
  return before?.enum && after.enum ? { ...both, enum: { ...before.enum, ...after.enum } } : both
}

function compiled(name: string, kind: 'event' | 'object'): Json {
  const { uid, caption, category, attributes, constraints } = merged(name, kind)
  const of = category === undefined ? null : categories.attributes[category]
  if (of) {
    // A class has one number of its own, and one of its category.
    attributes.class_uid = { ...attributes.class_uid, enum: { [of.uid * 1000 + Number(uid)]: { caption } } }
    attributes.category_uid = { ...attributes.category_uid, enum: { [of.uid]: of } }
  }
  return {
    ...(of && { uid: of.uid * 1000 + Number(uid), category: of.uid, categoryName: of.caption }),
    caption,
    ...(constraints && { constraints }),
    attributes: Object.fromEntries(
      Object.entries(attributes)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, value]) => [key, shortened(over(dictionary.attributes[key], value))]),
    ),
  }
}

function shortened(attribute: Attribute): Json {
  const { type, is_array: isArray, requirement, enum: values, sibling, profile } = attribute
  return {
    type,
    ...(isArray === true && { array: true }),
    ...(requirement === 'required' && { required: true }),
    ...(values && { enum: Object.fromEntries(Object.entries(values).map(([id, { caption }]) => [id, caption])) }),
    ...(sibling !== undefined && { sibling }),
    ...(typeof profile === 'string' && { profile }),
    ...(attribute['@deprecated'] !== undefined && { deprecated: true }),
  }
}

function typeOf([name, { type, regex, range, max_len: maxLength }]: [string, Json]): [string, Json] {
  return [name, { ...(type !== undefined && { type }), ...(regex !== undefined && { regex }), range, maxLength }]
}

const version = read<{ version: string }>('version.json').version
const commit = existsSync(join(root, '.git'))
  ? execFileSync('git', ['-C', root, 'rev-parse', 'HEAD'], { encoding: 'utf8' }).trim()
  : null
const named = (names: readonly string[], kind: 'event' | 'object') =>
  Object.fromEntries(names.map((path) => path.split('/').at(-1) ?? '').map((name) => [name, compiled(name, kind)]))
const schema = {
  notice: 'From github.com/ocsf/ocsf-schema, Apache License 2.0 (see LICENSE and NOTICE), shortened by compile.ts.',
  version,
  commit,
  types: Object.fromEntries(Object.entries(dictionary.types.attributes).map(typeOf)),
  classes: named(CLASSES, 'event'),
  objects: { ...named(OBJECTS, 'object'), object: { caption: 'Object', attributes: {} } },
}
writeFileSync(join(import.meta.dirname, 'schema.generated.json'), `${JSON.stringify(schema)}\n`)
