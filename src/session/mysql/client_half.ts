import { SallyportError } from '../../errors.ts'
import type { StatementFacts } from '../../sql/facts.ts'
import { encodeRead, type ReadText } from '../../wire/mysql/character-sets.ts'
import { encodeComQuery } from '../../wire/mysql/com-query.ts'
import type { ComStmtBulkExecute } from '../../wire/mysql/com-stmt-bulk-execute.ts'
import type { ComStmtExecute } from '../../wire/mysql/com-stmt-execute.ts'
import { CURSOR } from '../../wire/mysql/com-stmt-execute.ts'
import { type Command, decodeCommand, encodeCommand } from '../../wire/mysql/command.ts'
import { COMMAND } from '../../wire/mysql/command-codes.ts'
import type { Packet } from '../../wire/mysql/framer.ts'
import { encodePackets } from '../../wire/mysql/packets.ts'
import type { Parameter } from '../../wire/mysql/parameters.ts'
import type { ResponseTo } from '../../wire/mysql/response.ts'
import type { Admission, Denied } from '../gate.ts'
import { objectsOf } from '../objects.ts'
import { finishRun, newRun, runsOf } from '../run.ts'
import type { Verdict } from '../verdict.ts'
import { answer, refuse } from './command_answer.ts'
import { bulkRefusal } from './command_bulk_execute.ts'
import { executionFor } from './command_execute.ts'
import { namingLast } from './command_execute_last.ts'
import { listFields } from './command_field_list.ts'
import { expectWarnings, tellsHidden } from './diagnostics.ts'
import { type Exchange, newExchange, type Prepared, type Run } from './exchange.ts'
import { isAnsweredHere, ownAnswer, unanswerable } from './own_answers.ts'
import { beginSession } from './own_settings.ts'
import { givenParameters, takeLongData } from './parameters.ts'
import { readsOtherwise } from './reprepared.ts'
import type { ResultShape } from './result_shape.ts'
import type { SessionState } from './state.ts'
import { boundOtherwise } from './text_parameters.ts'
import { errPayload } from './words.ts'
import { isCounted, openGuard, uncounted, unlimitable, type WriteGuard } from './write_guard.ts'

/** What the client asks after its login. Every text goes through the gate; every other command is on an allow-list. */
export class ClientHalf {
  readonly #state: SessionState

  constructor(state: SessionState) {
    this.#state = state
  }

  accept(received: Packet, now: number): void {
    const { clientCapabilities, reading, statements, longData, lastStatement } = this.#state
    const packet = namingLast(received, lastStatement)
    this.#state.upload = null
    const sequence = (packet.sequence + 1) & 0xff
    let command: Command
    try {
      command = decodeCommand(packet.payload, {
        capabilities: clientCapabilities,
        reading,
        statement: (id) => {
          const prepared = statements.get(id)
          return prepared && { ...prepared, longData: longData.get(id) ?? NO_LONG_DATA }
        },
      })
    } catch (error) {
      // An execution of a statement that is not there is the client's mistake, not the end of the session.
      if (!(error instanceof SallyportError) || !EXECUTIONS.has(packet.payload[0])) throw error
      return this.#answer(errPayload(error), sequence)
    }
    this.#handle(command, packet, sequence, now)
  }

  #handle(command: Command, packet: Packet, sequence: number, now: number): void {
    const { output, statements, longData } = this.#state
    switch (command.kind) {
      case 'quit':
        this.#forward(packet)
        return output.end('client closed the session', null)
      case 'ping':
        return this.#simple(packet, sequence, 'ok', null)
      case 'statistics':
        return this.#simple(packet, sequence, 'statistics', null)
      case 'resetConnection':
        return this.#simple(packet, sequence, 'ok', () => this.#connectionReset(now))
      case 'setOption':
        if (command.option > 1) return this.#unsupported(command, sequence, now)
        return this.#simple(packet, sequence, 'setOption', null)
      case 'changeUser':
        // Nothing of this session passes on to the next: not its upstream connection, nor any state.
        this.#connectionReset(now)
        return output.loginAgain(packet.payload, packet.sequence)
      case 'fieldList':
        return listFields(this.#state, command, packet, sequence, now)
      case 'processKill':
        return this.#query({ text: `KILL ${command.connectionId}`, reading: 'utf8' }, sequence, now)
      case 'initDb':
        return this.#initDb(command.database, packet, sequence, now)
      case 'query':
        return this.#query(command, sequence, now, command.attributes)
      case 'stmtPrepare':
        this.#state.lastStatement = null
        return this.#prepare(command, sequence, now)
      case 'stmtExecute':
      case 'stmtBulkExecute':
        return this.#execute(command, packet, sequence, now)
      case 'stmtFetch':
        return this.#fetch(command.statementId, packet, sequence, now)
      case 'stmtReset':
        longData.delete(command.statementId)
        this.#closeCursor(statements.get(command.statementId), now)
        return this.#simple(packet, sequence, 'ok', null)
      case 'stmtClose':
        this.#closeCursor(statements.get(command.statementId), now)
        if (this.#state.lastStatement === command.statementId) this.#state.lastStatement = null
        statements.delete(command.statementId)
        longData.delete(command.statementId)
        return this.#forward(packet)
      case 'stmtSendLongData': {
        // The server ignores it for a statement that is not there (mysql_stmt_get_longdata); and so nothing piles up.
        if (!statements.has(command.statementId)) return
        takeLongData(this.#state, command)
        return this.#forward(packet)
      }
      default:
        return this.#unsupported(command, sequence, now)
    }
  }

  #simple(packet: Packet, sequence: number, to: ResponseTo, onOk: Exchange['onOk']): void {
    this.#expect(to, sequence, { onOk })
    this.#forward(packet)
  }

  #expect(to: ResponseTo, sequence: number, fields: Parameters<typeof newExchange>[3]): void {
    this.#state.current = newExchange(to, this.#state, sequence, fields)
  }

  #forward(packet: Packet): void {
    this.#state.output.server(encodePackets(packet.payload, 0))
  }

  #connectionReset(now: number): void {
    const state = this.#state
    for (const prepared of state.statements.values()) this.#closeCursor(prepared, now)
    state.statements.clear()
    state.lastStatement = null
    state.sqlPrepared.clear()
    state.longData.clear()
    state.userTexts.clear()
    state.warnings = null
    // The server has rolled back.
    state.gate.left(state.subject)
    state.guarded = false
    state.changedUnknown = false
    state.next = () => beginSession(state)
  }

  /** What a cursor gave so far is all that there will be of its result. */
  #closeCursor(prepared: Prepared | undefined, now: number): void {
    const run = prepared?.cursor
    if (!prepared || !run) return
    prepared.cursor = null
    if (run.done) return
    run.done = true
    const { gate, subject, output } = this.#state
    output.note(gate.completion(subject, run.execution, { ...run, outcome: 'ok', status: null }, now))
  }

  /** The same judgment as USE. */
  #initDb(database: string, packet: Packet, sequence: number, now: number): void {
    const { gate, subject, output } = this.#state
    const admission = gate.admit(subject, this.#state.names, `USE \`${database.replaceAll('`', '``')}\``, now)
    if (admission.kind === 'deny') return this.#refuse(admission, sequence)
    output.record(admission.events)
    output.sql(admission.permit, encodePackets(packet.payload, 0))
    this.#expect('ok', sequence, { runs: runsOf(admission, now) })
  }

  #query(written: ReadText, sequence: number, now: number, attributes: readonly Parameter[] = []): void {
    const { gate, subject, output, capabilities } = this.#state
    const text = this.#knownText(written.text, now)
    if (text instanceof SallyportError) return this.#refuse(this.#denied(text, now, written.text), sequence)
    const admission = gate.admit(subject, this.#state.names, text, now)
    if (admission.kind === 'deny') return this.#refuse(admission, sequence)
    const own = unanswerable(admission.verdict) ?? ownAnswer(this.#state, admission, sequence, now)
    if (own === 'answered') return
    if (own) return this.#refuse(this.#denied(own, now, text), sequence)
    const runs = this.#resolveExecutes(runsOf(admission, now), admission, now)
    const sent = sentBytes(admission.permit.text, written)
    if (sent instanceof SallyportError) return this.#refuse(this.#denied(sent, now, text), sequence)
    const refused =
      runs instanceof SallyportError ? runs : (tellsHidden(this.#state, runs) ?? uncounted(runs) ?? unlimitable(runs))
    if (runs instanceof SallyportError || refused)
      return this.#refuse(this.#denied(refused as SallyportError, now, text), sequence)
    output.record(audited(admission, runs))
    const bytes = encodeComQuery({ bytes: sent, attributes }, capabilities)
    this.#run('query', sequence, { runs }, () => output.sql(admission.permit, encodePackets(bytes, 0)))
  }

  /** Sends what was admitted, under a guard where its rows are counted before they may stay. */
  #run(
    to: ResponseTo,
    sequence: number,
    fields: { readonly runs: readonly Run[]; readonly prepared?: Prepared },
    send: () => void,
  ): void {
    const state = this.#state
    const [run] = fields.runs
    for (const { facts } of fields.runs) state.userTexts.sent(facts)
    expectWarnings(state, fields.runs)
    const go = (guard: WriteGuard | null): void => {
      send()
      this.#expect(to, sequence, { ...fields, guard })
    }
    if (!run || !isCounted(run)) return go(null)
    openGuard(state, run, sequence, go, (error, at) => {
      finishRun(state, run, 'error', String(error.refusal.errno), at)
      this.#answer(errPayload(error), sequence)
    })
  }

  /** PREPARE FROM @x is judged and sent with the text that the variable holds. */
  #knownText(text: string, now: number): string | SallyportError {
    const { gate, subject, names, unrestricted, userTexts } = this.#state
    if (unrestricted || !PREPARES_VARIABLE.test(text)) return text
    const statements = gate.facts(subject, names, text, now)?.statements ?? []
    const [facts] = statements
    if (statements.length !== 1 || facts?.textFrom === undefined) return text
    const known = userTexts.prepare(facts.name ?? '', facts.textFrom, names.sqlMode ?? new Set())
    return (
      known ?? new SallyportError('SP-UNSUPPORTED', "PREPARE takes a text, or a variable that SET @x = '...' has set")
    )
  }

  /** EXECUTE runs the text of a PREPARE under the verdict that let it be prepared, as long as that still holds. */
  #resolveExecutes(
    runs: Run[],
    { verdict }: Extract<Admission, { kind: 'allow' }>,
    now: number,
  ): Run[] | SallyportError {
    const { sqlPrepared, gate, subject } = this.#state
    const resolved: Run[] = []
    for (const run of runs) {
      if (run.facts.immediate && run.facts.inner) {
        resolved.push(newRun(run.verdict, run.facts.inner, run.execution, run.plan, now))
        continue
      }
      if (run.facts.kind !== 'execute') {
        resolved.push(run)
        continue
      }
      const known = sqlPrepared.get((run.facts.name ?? '').toLowerCase())
      if (verdict.role.unrestricted) {
        resolved.push({ ...run, facts: withPrepared(run.facts, known) })
        continue
      }
      if (!known) return new SallyportError('SP-NAME', `no statement named ${run.facts.name} was prepared here`)
      const otherwise = readsOtherwise(this.#state, known)
      if (otherwise) return otherwise
      const prepared = gate.renewed(known, subject, this.#state.names, now)
      if (!prepared) return new SallyportError('SP-STALE', 'what the prepared statement means may have changed')
      const [facts] = prepared.facts.statements
      const plan = prepared.decision.effect === 'allow' ? prepared.decision.plans[0] : undefined
      if (!facts || !plan) return new SallyportError('SP-INTERNAL', 'a prepared statement has no plan')
      resolved.push(newRun(prepared, facts.inner ?? facts, run.execution, plan, now))
    }
    return resolved
  }

  #prepare(written: ReadText, sequence: number, now: number): void {
    const { text } = written
    const { gate, subject, output, statements } = this.#state
    const preparation = gate.prepare(subject, this.#state.names, text, now)
    if (preparation.kind === 'deny') return this.#refuse(preparation, sequence)
    const { verdict, permit } = preparation
    const notOne = verdict.facts.statements.length !== 1
    const nested = verdict.facts.statements.some(
      (facts) => facts.kind === 'prepare' || facts.kind === 'execute' || isAnsweredHere(facts),
    )
    if (!verdict.role.unrestricted && (notOne || nested)) {
      return this.#refuse(this.#denied(new SallyportError('SP-UNSUPPORTED', 'this can not be prepared'), now), sequence)
    }
    const bytes = sentBytes(permit.text, written)
    if (bytes instanceof SallyportError) return this.#refuse(this.#denied(bytes, now), sequence)
    const prepared: Prepared = { text, verdict, cursor: null, parameterCount: 0, types: null }
    const command = { kind: 'stmtPrepare', text: permit.text, reading: written.reading, bytes } as const
    output.sql(permit, encodePackets(encodeCommand(command, this.#state.capabilities), 0))
    const onOk = (statementId: number) => {
      statements.set(statementId, prepared)
      this.#state.lastStatement = statementId
    }
    this.#expect('stmtPrepare', sequence, { prepared, onOk })
  }

  #execute(command: ComStmtExecute | ComStmtBulkExecute, packet: Packet, sequence: number, now: number): void {
    const { gate, subject, output, statements, longData } = this.#state
    const prepared = statements.get(command.statementId) as Prepared
    const isBulk = command.kind === 'stmtBulkExecute'
    const sent = longData.get(command.statementId)
    const newTypes = isBulk ? command.types : command.newTypes ? command.parameters : null
    if (newTypes) {
      prepared.types = newTypes
      delete prepared.counted
    }
    longData.delete(command.statementId)
    const otherwise = readsOtherwise(this.#state, prepared.verdict)
    if (otherwise) return this.#refuse(this.#denied(otherwise, now), sequence)
    const given = givenParameters(this.#state, command, prepared, sent)
    const admission = gate.admit(subject, this.#state.names, prepared.text, now, prepared.verdict, given)
    if (admission.kind === 'deny') return this.#refuse(admission, sequence)
    if (admission.verdict.text !== prepared.verdict.text) return this.#refuse(this.#changed(now), sequence)
    const runs = runsOf<ResultShape>(admission, now)
    const bulk = isBulk && runs[0] ? bulkRefusal(runs[0], command) : null
    const bound = runs[0] ? boundOtherwise(runs[0], prepared.types) : null
    const refused = tellsHidden(this.#state, runs) ?? uncounted(runs) ?? unlimitable(runs) ?? bulk ?? bound
    if (refused) return this.#refuse(this.#denied(refused, now), sequence)
    this.#closeCursor(prepared, now)
    prepared.cursor = !isBulk && (command.flags & CURSOR.readOnly) !== 0 ? (runs[0] ?? null) : null
    output.record(admission.events)
    this.#run('stmtExecute', sequence, { runs, prepared }, () =>
      output.server(encodePackets(isBulk ? packet.payload : executionFor(this.#state, command, packet), 0)),
    )
  }

  #fetch(statementId: number, packet: Packet, sequence: number, now: number): void {
    const { gate, subject, output, statements } = this.#state
    const prepared = statements.get(statementId)
    if (!prepared?.cursor) {
      return this.#answer(errPayload(new SallyportError('SP-NAME', 'there is no open cursor to fetch from')), sequence)
    }
    // A cursor that was opened under a grant that has since ended gives no more rows.
    const preparation = gate.prepare(subject, this.#state.names, prepared.text, now)
    if (preparation.kind === 'deny') return this.#refuse(preparation, sequence)
    const { verdict } = prepared.cursor
    // Its rows would be masked as they were when it was opened.
    if (!gate.renewed(verdict, subject, this.#state.names, now)) return this.#refuse(this.#changed(now), sequence)
    output.server(encodePackets(packet.payload, 0))
    this.#expect('stmtFetch', sequence, { runs: [prepared.cursor], prepared })
  }

  #changed(now: number): Denied {
    return this.#denied(new SallyportError('SP-STALE', 'what the prepared statement means has changed'), now)
  }

  #unsupported(command: Command, sequence: number, now: number): void {
    const what = command.kind === 'unknown' ? `command 0x${command.code.toString(16)}` : `the command ${command.kind}`
    this.#refuse(this.#denied(new SallyportError('SP-UNSUPPORTED', `${what} is not supported`), now), sequence)
  }

  #denied(error: SallyportError, now: number, text?: string): Denied {
    const { gate, subject } = this.#state
    return { kind: 'deny', error, events: [gate.refusal(subject, 'opaque', error, now, text)] }
  }

  #refuse(denied: Denied, sequence: number): void {
    refuse(this.#state, denied, sequence)
  }

  #answer(payload: Uint8Array, sequence: number): void {
    answer(this.#state, payload, sequence)
  }
}

/** What EXECUTE runs in a session where nothing is refused: it may have changed definitions, unless it is known. */
function withPrepared(facts: StatementFacts, known: Verdict | undefined): StatementFacts {
  const inner = known?.facts.statements.find(({ name, kind }) => kind === 'prepare' && name === facts.name)?.inner
  return inner ? { ...facts, inner } : { ...facts, kind: 'opaque' }
}

const EXECUTIONS: ReadonlySet<number | undefined> = new Set([COMMAND.stmtExecute, COMMAND.stmtBulkExecute])
const NO_LONG_DATA: ReadonlyMap<number, null> = new Map()
const PREPARES_VARIABLE = /\bprepare\b[\s\S]*@/i

/** What was rewritten goes back in the character set that it came in. */
function sentBytes(text: string, { reading }: ReadText): Uint8Array | SallyportError {
  try {
    return encodeRead({ text, reading })
  } catch (error) {
    if (error instanceof SallyportError) return error
    throw error
  }
}

/** The record of an EXECUTE names what the prepared text touches. */
function audited({ events }: Extract<Admission, { kind: 'allow' }>, runs: readonly Run[]) {
  return events.map((event, index) => {
    const run = runs[index]
    if (event.kind !== 'decision' || event.statementKind !== 'execute' || !run?.plan) return event
    return { ...event, objects: objectsOf(run.facts), columns: run.plan.columns }
  })
}
