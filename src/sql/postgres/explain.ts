import type { ExplainFacts, StatementFacts } from '../facts.ts'
import { type Body, has, list, opaque } from './node.ts'
import { booleanOption, hasValue, type Option, optionsOf, textOption } from './option_value.ts'
import { collected, type Findings, factsOf } from './statement.ts'
import type { Work } from './work.ts'

type Place = Pick<StatementFacts, 'span' | 'normalized'>

/** EXPLAIN: judged as the statement inside. A plan quotes its expressions, so that nothing in it counts as passed. */
export function readExplain(work: Work, body: Body, place: Place, readInner: (query: unknown) => Findings): Findings {
  if (!has(body, 'query')) opaque('EXPLAIN of nothing')
  const findings = readInner(body.query)
  for (const use of work.uses) for (const column of use.referenced) use.computed.add(column)
  const inner = factsOf(place, { ...findings, ...collected(work) })
  const explain = explainFacts(optionsOf(list(body, 'options')), work.context.catalog.major)
  const { rowSources, hasWhere } = inner
  return {
    kind: 'explain',
    ...collected(work),
    rowSources,
    hasWhere,
    inner,
    name: explain.analyze ? 'analyze' : null,
    explain,
  }
}

const FLAGS: ReadonlySet<string> = new Set([
  'analyze',
  'verbose',
  'costs',
  'buffers',
  'wal',
  'settings',
  'generic_plan',
  'timing',
  'summary',
  'memory',
])

const FORMATS = ['text', 'xml', 'json', 'yaml'] as const
const SERIALIZATIONS = ['none', 'text', 'binary'] as const

/** explain.c (explain_state.c in 18), ParseExplainOptionList. The last of two options of one name counts. */
function explainFacts(options: readonly Option[], major: number): ExplainFacts {
  const given = new Map(options.map((option) => [option.name, option]))
  for (const option of options) {
    if (FLAGS.has(option.name)) booleanOption(option)
    else if (option.name !== 'format' && option.name !== 'serialize') opaque(`the EXPLAIN option ${option.name}`)
  }
  const flag = (name: string, fallback: boolean) => {
    const option = given.get(name)
    return option === undefined ? fallback : booleanOption(option)
  }
  const analyze = flag('analyze', false)
  return {
    analyze,
    verbose: flag('verbose', false),
    costs: flag('costs', true),
    timing: flag('timing', analyze),
    summary: flag('summary', analyze),
    settings: flag('settings', false),
    buffers: flag('buffers', analyze && major >= 18),
    wal: flag('wal', false),
    memory: flag('memory', false),
    genericPlan: flag('generic_plan', false),
    serialize: serialization(given.get('serialize')),
    format: oneOf(FORMATS, given.get('format'), 'text'),
  }
}

function serialization(option: Option | undefined): ExplainFacts['serialize'] {
  if (option === undefined) return 'none'
  if (!hasValue(option.body)) return 'text'
  return textOption(option) === 'off' ? 'none' : oneOf(SERIALIZATIONS, option, 'none')
}

function oneOf<T extends string>(values: readonly T[], option: Option | undefined, fallback: T): T {
  if (option === undefined) return fallback
  const value = textOption(option)
  return values.find((each) => each === value) ?? opaque(`the EXPLAIN option ${option.name} of ${value}`)
}
