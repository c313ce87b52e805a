import type { BoundParameters } from '../../audit/bound_values.ts'
import { SallyportError } from '../../errors.ts'
import type { Permit } from '../../policy/permit.ts'
import { FIRST_USER_OID } from '../../sql/catalog.ts'
import type { CopyFacts } from '../../sql/facts.ts'
import { type Bind, encodeBind } from '../../wire/postgres/bind.ts'
import { type ClientMessage, decodeClient } from '../../wire/postgres/client.ts'
import type { Frame } from '../../wire/postgres/framer.ts'
import { type Describe, type Execute, encodeClose, encodeDescribe, encodeExecute } from '../../wire/postgres/portal.ts'
import { encodeParse, encodeQuery, type Parse } from '../../wire/postgres/query.ts'
import { encodeReadyForQuery } from '../../wire/postgres/session-facts.ts'
import { FLUSH, SYNC } from '../../wire/postgres/type-bytes.ts'
import { keepsValues } from '../capture.ts'
import { CatalogWait } from '../catalog_wait.ts'
import type { Admission, Denied } from '../gate.ts'
import { finishRun, runsOf } from '../run.ts'
import type { Verdict } from '../verdict.ts'
import { copyOf, newCopyOut } from './copy_out.ts'
import { takeCopyData } from './copy_relay.ts'
import { admit, boundNow, countWithCursor, newPortal, preparedUnseen, type Refusal, renewed } from './named.ts'
import { countedParameters, keptParameters } from './parameters.ts'
import type { Owed, Portal, Prepared, Run } from './pipeline.ts'
import { sendRefusedParse, sendRefusedQuery } from './refused_text.ts'
import { DROP_UNNAMED } from './registry.ts'
import type { ResultShape } from './result_shape.ts'
import { giveShape } from './rows.ts'
import type { SessionState } from './state.ts'
import { errorMessage, serverError } from './words.ts'
import { isCounted, waitsForCount } from './write_guard.ts'

/** Messages that may carry or start SQL: they wait while names are changing. */
const SQL_BEARING: ReadonlySet<string> = new Set(['query', 'parse', 'bind', 'execute', 'functionCall'])

/** What the client says after its login. Every text goes through the gate; everything else is an allow-list. */
export class ClientHalf {
  readonly #state: SessionState
  #flushedFor: Frame | null = null
  readonly #catalog = new CatalogWait()

  constructor(state: SessionState) {
    this.#state = state
  }

  /** False when the frame must wait: what is under way may change what its names mean. */
  accept(frame: Frame, now: number): boolean {
    const { pipeline, output } = this.#state
    const message = decodeClient(frame, 'ready')
    if (this.#state.copyIn && message.kind !== 'terminate') {
      this.#copyIn(this.#state.copyIn, message, frame)
      return true
    }
    const hangs = SQL_BEARING.has(message.kind) && !this.#state.skipping
    if (hangs && this.#catalog.holds(this.#state, now)) return false
    if (!this.#state.skipping && this.#mustWait(message)) {
      const extended = !pipeline.syncOwed || pipeline.takesData?.kind === 'execute'
      if (extended && this.#flushedFor !== frame) {
        output.server(FLUSH)
        this.#flushedFor = frame
      }
      return false
    }
    this.#handle(message, frame, now)
    return true
  }

  #mustWait(message: ClientMessage): boolean {
    const { pipeline, path } = this.#state
    if (message.kind !== 'terminate' && pipeline.takesData) return true
    if (waitsForCount(this.#state, message)) return true
    if (!SQL_BEARING.has(message.kind)) return false
    if (pipeline.changesNames(path.uncommitted)) return true
    if (message.kind === 'bind') return pipeline.unsettled('statement', message.statement)
    return message.kind === 'execute' && pipeline.unsettled('portal', message.portal)
  }

  copyData(bytes: Uint8Array): void {
    if (this.#state.copyIn) takeCopyData(this.#state, this.#state.copyIn, bytes)
  }

  /**
   * The server ignores Sync and Flush while it reads COPY data (CopyGetData), and so they end here: were one forwarded
   * just when the COPY fails, it could not be known whether it still counts.
   */
  #copyIn(run: Run, message: ClientMessage, frame: Frame): void {
    switch (message.kind) {
      case 'copyData':
        return takeCopyData(this.#state, run, frame.bytes)
      case 'copyDone':
      case 'copyFail':
        this.#state.copyIn = null
        return this.#state.output.server(frame.bytes)
      case 'sync':
      case 'flush':
        return
      default:
        throw new SallyportError('SP-PROTOCOL', `a ${message.kind} message in the middle of COPY data`)
    }
  }

  #handle(message: ClientMessage, frame: Frame, now: number): void {
    const { output, pipeline } = this.#state
    if (message.kind === 'terminate') {
      // What nobody waits for is cancelled: the server would run it on, beyond the limits and the end of the grant.
      if (!pipeline.empty) output.cancel(this.#state.subject.session.sessionId, true)
      output.server(frame.bytes)
      output.end('client closed the session', null)
      return
    }
    if (message.kind === 'sync') {
      this.#state.skipping = false
      pipeline.push({ kind: 'sync' })
      output.server(frame.bytes)
      return
    }
    // After an error the server ignores everything up to Sync; so nothing of it is judged or sent.
    if (this.#state.skipping) return
    this.#handleLive(message, frame, now)
  }

  #handleLive(message: ClientMessage, frame: Frame, now: number): void {
    switch (message.kind) {
      case 'query':
        return this.#query(message.text, now)
      case 'parse':
        return this.#parse(message, now)
      case 'bind':
        return this.#bind(message, frame, now)
      case 'execute':
        return this.#execute(message, frame, now)
      case 'describe':
        return this.#describeFor(message, frame)
      case 'close': {
        const change = { of: message.target, name: message.name, value: undefined }
        return this.#send(frame.bytes, { kind: 'close', change })
      }
      case 'flush':
        return this.#state.output.server(frame.bytes)
      case 'functionCall':
        return this.#functionCall(message.functionOid, frame, now)
      // After an error in COPY the client may still be sending; the server ignores it ("COPY Operations").
      case 'copyData':
      case 'copyDone':
      case 'copyFail':
        return
      default:
        throw new SallyportError('SP-PROTOCOL', `a ${message.kind} message after the login`)
    }
  }

  #describeFor({ target, name }: Describe, frame: Frame): void {
    const { registry } = this.#state
    const statement = target === 'statement' ? registry.statement(name) : undefined
    const prepared = statement ?? registry.portal(name)?.prepared
    const noData = prepared !== undefined && copyOf(prepared.verdict) !== null
    this.#send(frame.bytes, { kind: 'describe', noData, prepared: statement })
  }

  #send(bytes: Uint8Array, owed: Owed): void {
    this.#state.output.server(bytes)
    this.#state.batchOpen = true
    this.#owe(owed)
  }

  #owe(owed: Owed): void {
    this.#state.pipeline.push(owed)
    if ('change' in owed) this.#state.registry.propose(owed.change)
  }

  #query(text: string, now: number): void {
    const { output } = this.#state
    const admission = admit(this.#state, text, now)
    if (admission.kind === 'deny') return this.#refuseQuery(admission)
    output.record(admission.events)
    const copy = copyOf(admission.verdict)
    const counted = isCounted(admission.verdict)
    if (copy || counted) this.#sendExtended(admission.permit, copy ? formatsOf(copy) : [], counted ? FLUSH : SYNC)
    else output.sql(admission.permit, encodeQuery({ kind: 'query', text: admission.permit.text }))
    this.#guard(admission.verdict)
    this.#owe({
      kind: 'query',
      runs: this.#runs(admission, now),
      index: 0,
      change: DROP_UNNAMED,
      extended: copy !== null || counted,
      ...(counted && { syncKept: true }),
    })
  }

  /** As a simple query runs, but with a format for the result and an end of its own: the unnamed portal and statement are gone after it. */
  #sendExtended(permit: Permit, resultFormats: readonly (0 | 1)[], end: Uint8Array): void {
    const { output } = this.#state
    output.sql(permit, encodeParse({ kind: 'parse', name: '', text: permit.text, parameterTypes: [] }))
    output.server(
      encodeBind({ kind: 'bind', portal: '', statement: '', parameterFormats: [], values: [], resultFormats }),
    )
    output.server(encodeDescribe({ kind: 'describe', target: 'portal', name: '' }))
    output.server(encodeExecute({ kind: 'execute', portal: '', maxRows: 0 }))
    output.server(encodeClose({ kind: 'close', target: 'portal', name: '' }))
    output.server(end)
  }

  /**
   * The fast path calls any function by its OID. Only an unrestricted role may; the record names the OID, in the place
   * where a statement has its text.
   */
  #functionCall(oid: number, frame: Frame, now: number): void {
    const { gate, subject, output, unrestricted } = this.#state
    if (!unrestricted) return this.#refuseQuery(this.#unsupported('the FunctionCall message', now))
    const admission = gate.admit(subject, this.#state.names, `CALL OF pg_proc_${oid}`, now)
    if (admission.kind === 'deny') return this.#refuseQuery(admission)
    output.record(admission.events)
    output.sql(admission.permit, frame.bytes)
    this.#owe({ kind: 'call', run: runsOf<ResultShape>(admission, now)[0] ?? null })
  }

  #parse(message: Parse, now: number): void {
    const { gate, subject, output } = this.#state
    const preparation = gate.prepare(subject, this.#state.names, message.text, now)
    if (preparation.kind === 'deny') return this.#refuse(preparation)
    const { verdict, permit } = preparation
    const unsuitable = this.#unsuitable(verdict, message.parameterTypes, now)
    if (unsuitable) return this.#refuse(unsuitable)
    output.sql(permit, encodeParse({ ...message, text: permit.text }))
    this.#state.batchOpen = true
    this.#owe({
      kind: 'parse',
      change: {
        of: 'statement',
        name: message.name,
        value: { text: message.text, verdict, types: message.parameterTypes },
      },
    })
  }

  #unsuitable(verdict: Verdict, types: readonly number[], now: number): Denied | null {
    if (verdict.facts.statements.length > 1) {
      return this.#denied(
        new SallyportError('SP-MULTI', 'a prepared statement holds one command'),
        now,
        verdict.facts.text,
      )
    }
    // The input of such a type may run a domain's CHECK.
    if (!verdict.role.unrestricted && types.some((oid) => oid >= FIRST_USER_OID)) {
      return this.#denied(
        new SallyportError('SP-FUNCTION', 'a parameter of a user-defined type'),
        now,
        verdict.facts.text,
      )
    }
    return null
  }

  #bind(message: Bind, frame: Frame, now: number): void {
    const { registry, pipeline, output } = this.#state
    const prepared =
      registry.statement(message.statement) ?? preparedUnseen(this.#state, 'EXECUTE', message.statement, now)
    if (!prepared)
      return this.#refuseWith(serverError('26000', `prepared statement "${message.statement}" does not exist`))
    const verdict = renewed(this.#state, prepared, now)
    if ('kind' in verdict) return this.#refuse(verdict)
    const portal = newPortal({ ...prepared, verdict }, null, this.#given(prepared, message))
    const copy = copyOf(verdict)
    const bytes = copy ? encodeBind({ ...message, resultFormats: formatsOf(copy) }) : frame.bytes
    this.#send(bytes, { kind: 'bind', change: { of: 'portal', name: message.portal, value: portal } })
    this.#guard(verdict)
    if (verdict.facts.statements.length === 0) return
    // The proxy describes every portal itself: masks hang on what the server says, not on what was expected.
    pipeline.push({ kind: 'shape', portal })
    output.server(encodeDescribe({ kind: 'describe', target: 'portal', name: message.portal }))
  }

  #given(prepared: Prepared, message: Bind): BoundParameters | undefined {
    const { values } = message
    if (values.length === 0) return undefined
    if (keepsValues(this.#state.subject)) return keptParameters(message, prepared.types ?? [])
    if (prepared.counted?.count !== values.length)
      prepared.counted = countedParameters(values.length, prepared.types ?? [])
    return prepared.counted
  }

  #execute(message: Execute, frame: Frame, now: number): void {
    const { registry } = this.#state
    const unseen = registry.portal(message.portal) ? undefined : this.#unseenCursor(message.portal, now)
    const portal = registry.portal(message.portal) ?? unseen
    if (!portal) return this.#refuseWith(serverError('34000', `portal "${message.portal}" does not exist`))
    const own = renewed(this.#state, portal.prepared, now)
    const verdict = 'kind' in own ? own : boundNow(this.#state, own, now)
    if ('kind' in verdict) return this.#refuse(verdict)
    this.#describe(message.portal, portal)
    if (!portal.run || portal.run.done || portal.run.verdict !== verdict) {
      const denied = this.#startRun(portal, verdict, now)
      if (denied) return this.#refuse(denied)
    }
    // COPY knows no number of rows, and a write is counted when it has ended.
    const bytes = copyOf(verdict) || isCounted(verdict) ? encodeExecute({ ...message, maxRows: 0 }) : frame.bytes
    this.#send(bytes, { kind: 'execute', portal, run: portal.run })
  }

  /** A decision of its own for the first Execute of a portal, and for each after which another verdict holds. */
  #startRun(portal: Portal, verdict: Verdict, now: number): Denied | null {
    const { gate, subject, names, output, pipeline } = this.#state
    const admission = gate.admit(subject, names, portal.prepared.text, now, verdict, portal.parameters)
    if (admission.kind === 'deny') return admission
    const { run: before } = portal
    if (before && !before.done && !pipeline.unfinished.includes(before)) finishRun(this.#state, before, 'ok', null, now)
    output.record(admission.events)
    portal.run = this.#runs(admission, now)[0] ?? null
    this.#guard(admission.verdict)
    if (portal.run && before?.applied) portal.run.applied = true
    if (portal.run && portal.declared) countWithCursor(portal.run, portal)
    if (portal.run && portal.description) giveShape(this.#state, portal.run, portal.description)
    return null
  }

  #runs(admission: Extract<Admission, { kind: 'allow' }>, now: number): Run[] {
    const runs: Run[] = runsOf<ResultShape>(admission, now)
    for (const run of runs) {
      const cursor = run.facts.kind === 'fetch' ? this.#state.registry.portal(run.facts.name ?? '') : undefined
      if (cursor) countWithCursor(run, cursor)
      const copy = copyOf(run.verdict)
      if (copy) run.copyOut = newCopyOut(copy)
      if (isCounted(run.verdict)) run.counted = true
    }
    return runs
  }

  /** A cursor of SQL was never described here; what its rows are is asked before they come. */
  #describe(name: string, portal: Portal): void {
    if (!portal.declared || portal.description || this.#state.unrestricted) return
    this.#state.pipeline.push({ kind: 'shape', portal })
    this.#state.output.server(encodeDescribe({ kind: 'describe', target: 'portal', name }))
  }

  #unseenCursor(name: string, now: number): Portal | undefined {
    const prepared = preparedUnseen(this.#state, 'FETCH FROM', name, now)
    return prepared && newPortal(prepared, null)
  }

  #guard({ decision }: Verdict): void {
    if (decision.effect === 'allow' && decision.plans.some(({ scrubErrors }) => scrubErrors)) this.#state.guarded = true
  }

  #unsupported(what: string, now: number): Denied {
    return this.#denied(new SallyportError('SP-UNSUPPORTED', `${what} is not supported`), now)
  }

  #denied(error: SallyportError, now: number, text?: string): Denied {
    const { gate, subject } = this.#state
    return { kind: 'deny', error, events: [gate.refusal(subject, 'opaque', error, now, text)] }
  }

  /** Refuses a message of the extended protocol: the error, then nothing until Sync, as the server does it. */
  #refuse({ error, events, words }: Refusal): void {
    this.#state.output.record(events)
    this.#refuseWith(words ?? errorMessage(error))
  }

  #refuseWith(error: Uint8Array): void {
    const { output } = this.#state
    this.#state.skipping = true
    if (this.#alone) {
      output.client(error)
      return
    }
    // In a transaction a refusal really fails it: the server itself gets a text that it must refuse at this place.
    sendRefusedParse(output)
    this.#owe({ kind: 'refusal', error, change: DROP_UNNAMED })
  }

  #refuseQuery({ error, events, words }: Refusal): void {
    const { output } = this.#state
    const answer = words ?? errorMessage(error)
    output.record(events)
    if (this.#alone) {
      output.client(answer)
      output.client(encodeReadyForQuery({ kind: 'readyForQuery', status: this.#state.status }))
      return
    }
    sendRefusedQuery(output)
    this.#owe({ kind: 'refused_query', error: answer, change: DROP_UNNAMED })
  }

  /** Nothing is under way and no transaction would have to fail: the proxy can answer by itself. */
  get #alone(): boolean {
    const { pipeline, batchOpen, status } = this.#state
    return pipeline.empty && !batchOpen && status !== 'T'
  }
}

function formatsOf({ format }: CopyFacts): readonly (0 | 1)[] {
  return format === 'binary' ? [1] : []
}
