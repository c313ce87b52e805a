import { evaluateConstant } from './constant.ts'
import { type Body, has, isEmptyNode, opaque, open, openOnly, str } from './node.ts'

/** An option in parentheses or of the older syntax. */
export interface Option {
  readonly name: string
  readonly body: Body
}

export function optionsOf(values: readonly unknown[]): readonly Option[] {
  return values.map((value) => {
    const body = openOnly('DefElem', value)
    if (has(body, 'defnamespace')) opaque('an option with a namespace')
    return { name: str(body, 'defname'), body }
  })
}

/** define.c, defGetBoolean: nothing is true; else 0, 1, true, false, on or off. */
export function booleanOption({ name, body }: Option): boolean {
  if (!hasValue(body)) return true
  const { tag, body: value } = open(body.arg)
  const said = tag === 'Boolean' ? String(value.boolval === true) : (evaluateConstant(body.arg) ?? '').toLowerCase()
  if (tag === 'Integer' ? said === '1' : said === 'true' || said === 'on') return true
  const off = tag === 'Integer' ? said === '0' : said === 'false' || said === 'off'
  return off ? false : opaque(`${name} requires a Boolean value`)
}

export function textOption({ name, body }: Option): string {
  if (!hasValue(body)) opaque(`${name} requires a parameter`)
  return evaluateConstant(body.arg) ?? opaque(`${name} requires a parameter`)
}

export function hasValue(body: Body): boolean {
  return has(body, 'arg') && !isEmptyNode(body.arg)
}
