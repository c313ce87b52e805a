import { describe, expect, it } from 'vitest'
import type { Operation } from '../../src/http/contract/operation.ts'
import { OPERATIONS } from '../../src/http/contract/operations.ts'
import { openapi } from '../../src/http/openapi.ts'

interface Json {
  readonly [name: string]: Json
}
const document = JSON.parse(JSON.stringify(openapi('1.2.3'))) as Json

/** Every object in the document with where it stands. */
function* objects(part: unknown, at = '#'): Generator<readonly [string, Record<string, unknown>]> {
  if (typeof part !== 'object' || part === null) return
  if (!Array.isArray(part)) yield [at, part as Record<string, unknown>]
  for (const [name, value] of Object.entries(part)) yield* objects(value, `${at}/${name.replaceAll('/', '~1')}`)
}

function resolve(reference: string): unknown {
  const names = reference.slice(2).split('/')
  return names.reduce<unknown>((part, name) => (part as Json | undefined)?.[name.replaceAll('~1', '/')], document)
}

const described = Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
)

describe('the OpenAPI description', () => {
  it('has every operation of the contract, and no other', () => {
    const inContract = Object.entries<Operation>(OPERATIONS).map(([id, { method, path }]) => `${id} ${method} ${path}`)
    const found = described.map(
      ({ path, method, operation }) => `${operation.operationId} ${method.toUpperCase()} ${path}`,
    )
    expect(found.sort()).toEqual(inContract.sort())
  })

  it('is OpenAPI 3.1: the fields that have to be there are, and no unknown ones', () => {
    expect(document.openapi).toBe('3.1.0')
    const known = 'openapi info jsonSchemaDialect servers paths webhooks components security tags externalDocs'.split(
      ' ',
    )
    expect(Object.keys(document).filter((name) => !known.includes(name))).toEqual([])
    expect(document.info).toMatchObject({ title: expect.any(String), version: '1.2.3' })
    const ofOperation = 'tags summary description operationId parameters requestBody responses security'.split(' ')
    for (const { operation } of described) {
      expect(Object.keys(operation).filter((name) => !ofOperation.includes(name))).toEqual([])
      expect(Object.keys(operation.responses ?? {}).every((status) => /^([1-5]\d\d|default)$/.test(status))).toBe(true)
    }
  })

  it('every response has a description, every media type a schema', () => {
    for (const { operation } of described) {
      for (const response of Object.values(operation.responses ?? {})) {
        const shown = (response.$ref === undefined ? response : resolve(String(response.$ref))) as Json
        expect(shown.description).toEqual(expect.any(String))
        for (const media of Object.values(shown.content ?? {})) expect(media.schema).toBeDefined()
      }
    }
  })

  it('parameters are those of the path, each once, and those are required', () => {
    for (const { path, operation } of described) {
      const parameters = Object.values(operation.parameters ?? {})
      const keys = parameters.map((parameter) => `${parameter.in} ${parameter.name}`)
      expect(new Set(keys).size).toBe(keys.length)
      const inPath = parameters.filter((parameter) => String(parameter.in) === 'path')
      expect(inPath.every(({ required }) => required as unknown as boolean)).toBe(true)
      expect(inPath.map(({ name }) => `{${name}}`)).toEqual(path.match(/\{[a-z]+\}/g) ?? [])
      expect(parameters.every(({ schema }) => schema !== undefined)).toBe(true)
    }
  })

  it('every reference leads somewhere, and every shared schema is used', () => {
    const references = [...objects(document)].flatMap(([, { $ref }]) => (typeof $ref === 'string' ? [$ref] : []))
    expect(references.filter((reference) => resolve(reference) === undefined)).toEqual([])
    const names = Object.keys(document.components?.schemas ?? {})
    expect(names.filter((name) => !references.includes(`#/components/schemas/${name}`))).toEqual([])
    expect(names.every((name) => /^[A-Za-z0-9._-]+$/.test(name))).toBe(true)
  })

  it('names on the wire are snake_case', () => {
    const odd = [...objects(document.components?.schemas)].flatMap(([at, { properties, type }]) =>
      type === 'object' && typeof properties === 'object' && properties !== null
        ? Object.keys(properties)
            .filter((name) => !/^[a-z0-9_]+$/.test(name))
            .map((name) => `${at}: ${name}`)
        : [],
    )
    expect(odd).toEqual([])
  })

  it('schemes of security that are demanded are described; what needs no login says so', () => {
    const schemes = Object.keys(document.components?.securitySchemes ?? {})
    const demanded = Object.values(document.security ?? {}).flatMap((one) => Object.keys(one))
    expect(demanded.filter((name) => !schemes.includes(name))).toEqual([])
    for (const { operation } of described) {
      const { access } = OPERATIONS[String(operation.operationId) as keyof typeof OPERATIONS] as Operation
      expect(operation.security === undefined).toBe(access === 'person')
    }
  })
})
