import { SallyportError } from '../errors.ts'
import type { ParameterType, ParameterValue, Role, RowCondition, ScopeRule } from './role.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/**
 * The role with the grant's values in place of parameter names. A declared parameter that is missing or of another type,
 * and a condition that names an undeclared one, throw `SP-SCOPE`: a row condition is never left out.
 */
export function resolveRole(role: Role, parameters: ReadonlyMap<string, ParameterValue>): Role {
  for (const [name, type] of role.parameters) {
    const value = parameters.get(name)
    if (value === undefined) throw refused(`the grant gives no value for the parameter ${name}`)
    if (!isOfType(value, type)) throw refused(`the grant's value for the parameter ${name} is not of type ${type}`)
  }
  const { narrowedFrom } = role
  const bind = (rule: ScopeRule): ScopeRule => ({
    ...rule,
    where: rule.where.map((condition) => bound(condition, role, parameters)),
  })
  return { ...role, scope: role.scope.map(bind), ...(narrowedFrom && { narrowedFrom: narrowedFrom.map(bind) }) }
}

function bound(condition: RowCondition, role: Role, parameters: ReadonlyMap<string, ParameterValue>): RowCondition {
  const { value } = condition
  if (value === null || !('parameter' in value)) return condition
  const given = role.parameters.has(value.parameter) ? parameters.get(value.parameter) : undefined
  if (given === undefined) throw refused(`a row condition names the unknown parameter ${value.parameter}`)
  return { ...condition, value: [given] }
}

function isOfType(value: ParameterValue, type: ParameterType): boolean {
  switch (type) {
    case 'string':
      return typeof value === 'string'
    case 'integer':
      return Number.isSafeInteger(value)
    case 'boolean':
      return typeof value === 'boolean'
    case 'uuid':
      return typeof value === 'string' && UUID.test(value)
  }
}

function refused(detail: string): SallyportError {
  return new SallyportError('SP-SCOPE', detail)
}
