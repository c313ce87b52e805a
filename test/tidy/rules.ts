import { type Node, SyntaxKind } from 'typescript/unstable/ast'
import {
  isCatchClause,
  isExportAssignment,
  isExportDeclaration,
  isIdentifier,
  isNewExpression,
  isPropertyAccessExpression,
} from 'typescript/unstable/ast/is'
import { isPure } from './layers.ts'
import { lineOf, type Parsed, type Problem, type Sources, startOf, walk } from './sources.ts'

const MAX_FILE_LINES = 400
const MAX_FUNCTION_LINES = 70

const FUNCTIONS = new Set([
  SyntaxKind.FunctionDeclaration,
  SyntaxKind.FunctionExpression,
  SyntaxKind.ArrowFunction,
  SyntaxKind.MethodDeclaration,
  SyntaxKind.Constructor,
  SyntaxKind.GetAccessor,
  SyntaxKind.SetAccessor,
  SyntaxKind.ClassStaticBlockDeclaration,
])

const DECLARATIONS = new Set([
  SyntaxKind.FunctionDeclaration,
  SyntaxKind.VariableDeclaration,
  SyntaxKind.Parameter,
  SyntaxKind.BindingElement,
])

/** Names that say nothing of what is in a file. */
const EMPTY_NAMES = /(^|[/_-])(utils?|helpers?|common|managers?|services?|misc)([._-][^/]*)?(\/|$)/i

/** Global names that a pure layer can't mention: the clock, randomness, the process, timers, the network. */
const IMPURE_NAMES = new Set([
  'process',
  'Buffer',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'fetch',
  'performance',
  'globalThis',
  'randomBytes',
  'randomUUID',
  'randomInt',
  'Promise',
  'console',
  'require',
])
const IMPURE_MEMBERS = new Set(['Date.now', 'Math.random', 'crypto.getRandomValues', 'crypto.subtle'])

/** Files and functions that have grown too long. */
export function checkSizes(file: Parsed): Problem[] {
  const problems: Problem[] = []
  const lines = file.text.trimEnd().split('\n').length
  if (lines > MAX_FILE_LINES) problems.push(`${file.path}:1 size: ${lines} lines, at most ${MAX_FILE_LINES}`)
  walk(file.tree, (node) => {
    if (!FUNCTIONS.has(node.kind)) return
    const first = lineOf(file.tree, startOf(node, file.tree))
    const length = lineOf(file.tree, node.end) - first + 1
    if (length > MAX_FUNCTION_LINES)
      problems.push(`${file.path}:${first} size: a function of ${length} lines, at most ${MAX_FUNCTION_LINES}`)
  })
  return problems
}

/** Empty names, barrels, default exports, swallowed errors. */
export function checkShape(file: Parsed): Problem[] {
  const problems: Problem[] = []
  if (EMPTY_NAMES.test(file.path)) problems.push(`${file.path}:1 name: say what is in it`)
  if (/(^|\/)index\.ts$/.test(file.path)) problems.push(`${file.path}:1 name: no barrel files`)
  walk(file.tree, (node) => {
    const at = `${file.path}:${lineOf(file.tree, startOf(node, file.tree))}`
    if (isExportDeclaration(node) && node.moduleSpecifier !== undefined)
      problems.push(`${at} shape: import from where it is written, no re-export`)
    if (isExportAssignment(node) || isDefaultExport(node)) problems.push(`${at} shape: no default export`)
    if (isCatchClause(node) && node.block.statements.length === 0) problems.push(`${at} shape: an error is swallowed`)
  })
  return problems
}

/** I/O, clock, randomness, waiting and Buffer in layers 0 to 3. */
export function checkPurity(file: Parsed): Problem[] {
  if (!isPure(file.path)) return []
  const problems: Problem[] = []
  const declared = declaredNames(file.tree)
  walk(file.tree, (node) => {
    const what = impurity(node)
    if (what !== null && !declared.has(what))
      problems.push(`${file.path}:${lineOf(file.tree, startOf(node, file.tree))} pure: ${what}`)
  })
  return problems
}

function impurity(node: Node): string | null {
  if (node.kind === SyntaxKind.AwaitExpression || node.kind === SyntaxKind.AwaitKeyword) return 'await'
  if (node.kind === SyntaxKind.AsyncKeyword) return 'async'
  if (
    isNewExpression(node) &&
    isIdentifier(node.expression) &&
    node.expression.text === 'Date' &&
    (node.arguments ?? []).length === 0
  ) {
    return 'new Date() without an argument'
  }
  if (isPropertyAccessExpression(node) && isIdentifier(node.expression) && isIdentifier(node.name)) {
    const member = `${node.expression.text}.${node.name.text}`
    if (IMPURE_MEMBERS.has(member)) return member
  }
  return isIdentifier(node) && IMPURE_NAMES.has(node.text) && isReference(node) ? node.text : null
}

/** Names that the file gives to things of its own, which then are not the global ones. */
function declaredNames(tree: Node): Set<string> {
  const names = new Set<string>()
  walk(tree, (node) => {
    const { name } = node as Node & { readonly name?: Node }
    if (name !== undefined && isIdentifier(name) && DECLARATIONS.has(node.kind)) names.add(name.text)
  })
  return names
}

/** Whether an identifier stands for a value of that name, and not for a property, key or label that is called so. */
function isReference(node: Node): boolean {
  const parent = node.parent as Node & { readonly name?: Node; readonly propertyName?: Node }
  // A port may name a promise; that a pure layer makes none or waits for one is what matters.
  if (parent.kind === SyntaxKind.TypeReference && isIdentifier(node) && node.text === 'Promise') return false
  if (parent.kind === SyntaxKind.ShorthandPropertyAssignment) return true
  return parent.name !== node && parent.propertyName !== node
}

function isDefaultExport(node: Node): boolean {
  const { modifiers } = node as Node & { readonly modifiers?: readonly Node[] }
  return modifiers?.some((modifier) => modifier.kind === SyntaxKind.DefaultKeyword) ?? false
}

/** Notes of work not done, tests that do not run, and words that are not the product's. */
export function checkText(sources: Sources): Problem[] {
  return Object.entries(sources).flatMap(([path, text]) => {
    const rules = TEXT_RULES.filter((rule) => rule.where.test(path) && rule.except?.test(path) !== true)
    return text
      .split('\n')
      .flatMap((line, index) =>
        rules.filter((rule) => rule.pattern.test(line)).map((rule) => `${path}:${index + 1} text: ${rule.says}`),
      )
  })
}

interface TextRule {
  readonly where: RegExp
  readonly except?: RegExp
  readonly pattern: RegExp
  readonly says: string
}

const TEXT_RULES: readonly TextRule[] = [
  {
    where: /^src\//,
    except: /^src\/session\/(gate|postgres\/refused_text|mysql\/aside)\.ts$/,
    pattern: /\bPermit\s*\.\s*issue\b/,
    says: 'a permit that no decision stands behind',
  },
  { where: /./, except: /^test\/tidy/, pattern: /\b(TODO|FIXME)\b/, says: 'finish it, or leave it out' },
  {
    where: /./,
    pattern: /\/wor[k]\/|\.\.\/shared\b|https?:\/\/[a-z0-9.-]*(npm|debian|pypi|crates|maven)[a-z0-9.-]*\//,
    says: 'a path or host that is no part of the product',
  },
  {
    where: /^test\/.*\.ts$/,
    except: /^test\/(tidy|servers\/availability)/,
    pattern: /\b(it|test|describe)\.(skip|only|todo|fails)\b|\b(skipIf|runIf)\(/,
    says: 'a test that may not run',
  },
]

/** Files of src/ that no program and no test gets to. */
export function checkReach(files: readonly Parsed[]): Problem[] {
  const byPath = new Map(files.map((file) => [file.path, file]))
  const reached = new Set<string>()
  const open = files.filter((file) => isEntry(file.path)).map((file) => file.path)
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (reached.has(path)) continue
    reached.add(path)
    open.push(...(byPath.get(path)?.imports ?? []).flatMap((entry) => (entry.path === null ? [] : [entry.path])))
  }
  return files.filter((file) => !reached.has(file.path)).map((file) => `${file.path}:1 dead: nothing imports it`)
}

function isEntry(path: string): boolean {
  return !path.startsWith('src/') || path === 'src/main.ts' || path.startsWith('src/cli/')
}
