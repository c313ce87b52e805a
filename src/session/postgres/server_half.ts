import { SallyportError } from '../../errors.ts'
import { decodeCommandComplete, encodeCommandComplete } from '../../wire/postgres/command-complete.ts'
import { decodeErrorFields, encodeErrorFields, errorField } from '../../wire/postgres/error-response.ts'
import type { Frame } from '../../wire/postgres/framer.ts'
import { decodeParameterDescription } from '../../wire/postgres/row-description.ts'
import { encodeSignal } from '../../wire/postgres/server.ts'
import { decodeParameterStatus, decodeReadyForQuery } from '../../wire/postgres/session-facts.ts'
import { SERVER } from '../../wire/postgres/type-bytes.ts'
import type { ExecutionResult } from '../gate.ts'
import { finishRun } from '../run.ts'
import type { Verdict } from '../verdict.ts'
import { endCopy } from './copy_out.ts'
import { beginCopyIn, beginCopyOut, giveCopyData } from './copy_relay.ts'
import { followDefinitions, settleDefinitions } from './definitions.ts'
import { asClientKnows } from './notification.ts'
import { endsInReady, type Owed, type Portal, type Run } from './pipeline.ts'
import { giveShape, maskRows } from './rows.ts'
import { agrees } from './search_path.ts'
import { applySettings } from './settings.ts'
import { REQUIRED_PARAMETERS } from './startup.ts'
import { namesOf, type SessionState } from './state.ts'
import { errorMessage, inClientText, notice, scrubbed } from './words.ts'
import { judgeCount, releaseSync, settleCount } from './write_guard.ts'

const QUERY_CANCELLED = '57014'

/** What the server says: forwarded as it is, rewritten, or dropped; what it did not owe ends the session. */
export class ServerHalf {
  readonly #state: SessionState

  constructor(state: SessionState) {
    this.#state = state
  }

  /** A run of whole DataRow messages, `count` of them. */
  rows(bytes: Uint8Array, count: number, now: number): void {
    const run = this.#runInFront()
    if (!run) throw unexpected('rows')
    if (run.plan && !run.shape && !run.withheld) throw unexpected('rows that were not described')
    maskRows(this.#state, run, bytes, count, now)
  }

  handle(frame: Frame, now: number): void {
    switch (frame.type) {
      case SERVER.commandComplete:
        return this.#commandComplete(frame, now)
      case SERVER.readyForQuery:
        return this.#ready(frame, now)
      case SERVER.rowDescription:
        return this.#rowDescription(frame)
      case SERVER.noData:
        return this.#noData(frame)
      case SERVER.errorResponse:
        return this.#error(frame, now)
      case SERVER.portalSuspended:
        return this.#suspended(frame, now)
      case SERVER.emptyQueryResponse:
        return this.#emptyQuery(frame)
      case SERVER.parseComplete:
        return this.#complete(frame, 'parse', now)
      case SERVER.bindComplete:
        return this.#complete(frame, 'bind', now)
      case SERVER.closeComplete:
        return this.#complete(frame, 'close', now)
      case SERVER.parameterDescription:
        return this.#parameterDescription(frame)
      case SERVER.copyInResponse:
        return beginCopyIn(this.#state, this.#copying(), frame)
      case SERVER.copyOutResponse:
        return beginCopyOut(this.#state, this.#copying(), frame)
      case SERVER.copyDone:
        return this.#copyDone(frame)
      case SERVER.functionCallResponse:
        return this.#called(frame, now)
      default:
        return this.#asynchronous(frame)
    }
  }

  #parameterDescription(frame: Frame): void {
    const { front } = this.#state.pipeline
    if (front?.kind !== 'describe') throw unexpected('a parameter description')
    if (front.prepared) {
      front.prepared.types = decodeParameterDescription(frame.body).parameterTypes
      delete front.prepared.counted
    }
    this.#toClient(frame.bytes)
  }

  /** Messages that may come at any time, and those that must not come at all. */
  #asynchronous(frame: Frame): void {
    switch (frame.type) {
      case SERVER.noticeResponse:
        return this.#notice(frame)
      case SERVER.parameterStatus:
        return this.#parameterStatus(frame)
      case SERVER.notificationResponse:
        // A narrow role may not LISTEN, so only an unrestricted session can have asked for these.
        if (this.#state.unrestricted) this.#state.output.client(asClientKnows(frame.bytes, this.#state.processIds))
        return
      default:
        throw unexpected(`message type 0x${frame.type.toString(16)}`)
    }
  }

  /** `count` whole CopyData messages. */
  copyData(bytes: Uint8Array, count: number, now: number): void {
    const run = this.#copying()
    if (!run.copied) throw unexpected('COPY data')
    giveCopyData(this.#state, run, bytes, count, now)
  }

  #copyDone(frame: Frame): void {
    const run = this.#copying()
    if (!run.copied) throw unexpected('the end of COPY data')
    if (!run.withheld) this.#toClient(frame.bytes)
  }

  /** The run that COPY data may belong to. */
  #copying(): Run {
    return this.#runInFront() ?? unexpectedly('a COPY')
  }

  #called(frame: Frame, now: number): void {
    const { front } = this.#state.pipeline
    if (front?.kind !== 'call' || !front.run) throw unexpected('the result of a function')
    front.run.bytes += frame.bytes.length
    this.#finish(front.run, 'ok', null, now)
    this.#toClient(frame.bytes)
  }

  #runInFront(): Run | null {
    const front = this.#state.pipeline.front
    if (front?.kind === 'execute' || front?.kind === 'call') return front.run
    return front?.kind === 'query' ? (front.runs[front.index] ?? null) : null
  }

  #rowDescription(frame: Frame): void {
    const { pipeline } = this.#state
    const front = pipeline.front
    if (front?.kind === 'shape') {
      pipeline.shift()
      this.#describePortal(front.portal, frame)
      return
    }
    if (front?.kind === 'describe') {
      pipeline.shift()
      return this.#toClient(front.noData ? encodeSignal('noData') : frame.bytes)
    }
    const run = front?.kind === 'query' ? front.runs[front.index] : undefined
    if (!run) throw unexpected('a row description')
    giveShape(this.#state, run, frame.body)
    if (!run.withheld && !run.copyOut) this.#toClient(frame.bytes)
  }

  /** The Execute may stand in the queue already: its run learns the shape before its first row comes. */
  #describePortal(portal: Portal, frame: Frame): void {
    portal.description = new Uint8Array(frame.body)
    if (portal.run) giveShape(this.#state, portal.run, portal.description)
  }

  #noData(frame: Frame): void {
    const { pipeline } = this.#state
    const front = pipeline.front
    if (front?.kind === 'shape') {
      return pipeline.shift()
    }
    if (front?.kind === 'query' && front.extended) return
    if (front?.kind !== 'describe') throw unexpected('NoData')
    pipeline.shift()
    this.#toClient(frame.bytes)
  }

  #complete(frame: Frame, kind: 'parse' | 'bind' | 'close', now: number): void {
    const { pipeline, registry } = this.#state
    const { front } = pipeline
    if (front?.kind === 'query' && front.extended) return
    if (front?.kind !== kind) throw unexpected(`the end of a ${kind}`)
    pipeline.shift()
    this.#left(registry.settle(front.change), now)
    this.#toClient(frame.bytes)
  }

  #commandComplete(frame: Frame, now: number): void {
    const run = this.#runInFront()
    if (!run) throw unexpected('the end of a command')
    const { tag } = decodeCommandComplete(frame.body)
    for (const portal of applySettings(this.#state, run, tag, now)) this.#left(portal, now)
    judgeCount(run, affected(tag))
    if (run.copied && !run.withheld) run.rows = affected(tag)
    else if (!run.withheld && (!run.plan || run.rows === 0)) run.rows = Math.max(run.rows, affected(tag))
    if (!run.withheld) endCopy(this.#state, run)
    this.#finish(run, run.withheld ? 'withheld' : 'ok', run.withheld?.refusal.sqlstate ?? null, now)
    if (run.withheld) this.#tellWithheld(run.withheld)
    else {
      this.#computedNotice(run)
      this.#toClient(
        run.copyOut ? encodeCommandComplete({ kind: 'commandComplete', tag: `COPY ${run.rows}` }) : frame.bytes,
      )
    }
    const { front } = this.#state.pipeline
    this.#nextStatement()
    settleCount(this.#state, front, run)
  }

  #nextStatement(): void {
    const { pipeline } = this.#state
    const front = pipeline.front
    if (front?.kind === 'query') front.index++
    else pipeline.shift()
  }

  #computedNotice(run: Run): void {
    // Nothing was computed yet where a statement was only given a name.
    const computed = run.facts.inner && run.facts.kind !== 'explain' ? [] : (run.plan?.computed ?? [])
    if (computed.length === 0) return
    const text = `the result was computed from masked values of ${computed.join(', ')} (SP-COMPUTED)`
    this.#toClient(notice('01000', text, 'Ask for a grant that lifts the mask if you need the clear value.'))
  }

  #suspended(frame: Frame, now: number): void {
    const { pipeline } = this.#state
    const front = pipeline.front
    if (front?.kind !== 'execute') throw unexpected('a suspended portal')
    pipeline.shift()
    const { run } = front
    if (run) applySettings(this.#state, run, '', now)
    if (run?.withheld) {
      this.#finish(run, 'withheld', run.withheld.refusal.sqlstate, now)
      return this.#tellWithheld(run.withheld)
    }
    // A later Execute of this portal was judged anew and counts for itself.
    if (run && front.portal.run !== run) this.#finish(run, 'ok', null, now)
    this.#toClient(frame.bytes)
  }

  #emptyQuery(frame: Frame): void {
    const { pipeline } = this.#state
    if (pipeline.front?.kind === 'execute') pipeline.shift()
    else if (pipeline.front?.kind !== 'query') throw unexpected('an empty query')
    this.#toClient(frame.bytes)
  }

  #error(frame: Frame, now: number): void {
    const { pipeline, registry } = this.#state
    this.#state.batchFailed = true
    this.#state.copyIn = null
    const fields = decodeErrorFields(frame.body)
    const status = errorField(fields, 'C') ?? 'XX000'
    const front = pipeline.front
    if (errorField(fields, 'V') === 'FATAL') return this.#fatal(frame, fields, status, now)
    if (!front) throw unexpected('an error')
    if (front.kind === 'refused_query') return this.#toClient(front.error)
    const run = this.#runInFront()
    if (run) this.#finish(run, outcomeOf(run, status), status, now)
    this.#toClient(front.kind === 'refusal' ? front.error : this.#wording(frame, fields, run))
    releaseSync(this.#state, front)
    if (front.kind === 'query') {
      for (const skipped of front.runs.slice(front.index + 1)) this.#finish(skipped, 'cancelled', status, now)
      return
    }
    if (front.kind === 'sync' || front.kind === 'call') return
    for (const skipped of pipeline.skipToSync()) if (!skipped.done) this.#finish(skipped, 'cancelled', status, now)
    registry.fail('change' in front ? front.change : null, pipeline.changes)
    if (pipeline.empty) this.#state.skipping = true
  }

  #wording(frame: Frame, fields: ReturnType<typeof decodeErrorFields>, run: Run | null): Uint8Array {
    const instead = run?.withheld ?? run?.cancelled
    if (instead) return errorMessage(instead)
    const verdict = run?.verdict ?? verdictOf(this.#state.pipeline.front)
    const mapped = inClientText(fields, verdict)
    if (this.#mayQuote(run)) return scrubbed('errorResponse', mapped)
    if (verdict !== null && verdict.edits.length === 0) return frame.bytes
    return encodeErrorFields({ kind: 'errorResponse', fields: mapped })
  }

  /**
   * True where the text could quote a clear value. An error at Bind, COMMIT or Sync (a deferred constraint) belongs to
   * a statement too: to any that the transaction has seen.
   */
  #mayQuote(run: Run | null): boolean {
    if (run?.plan?.scrubErrors) return true
    return this.#state.guarded && (!run || run.facts.kind === 'commit')
  }

  #fatal(frame: Frame, fields: ReturnType<typeof decodeErrorFields>, status: string, now: number): void {
    const run = this.#state.pipeline.running
    if (run && !run.done) this.#finish(run, 'error', status, now)
    this.#state.output.client(this.#wording(frame, fields, run))
    const error = new SallyportError('SP-UPSTREAM', `the database ended the session with ${status}`)
    this.#state.output.end(error.detail, null)
  }

  #finish(run: Run, outcome: ExecutionResult['outcome'], status: string | null, now: number): void {
    if (run.cursor && !run.done) {
      const { taken } = run.cursor
      run.cursor.taken = { rows: taken.rows + run.rows, bytes: taken.bytes + run.bytes }
    }
    if (!run.done) followDefinitions(this.#state, run)
    finishRun(this.#state, run, outcome, status, now)
  }

  /** A portal is gone: what it gave before a suspension is all that there will be. */
  #left(portal: Portal | undefined, now: number): void {
    if (portal?.run) this.#finish(portal.run, 'ok', null, now)
  }

  #tellWithheld(error: SallyportError): void {
    this.#toClient(errorMessage(error))
    this.#state.muted = true
  }

  #ready(frame: Frame, now: number): void {
    const { pipeline, path, registry, output } = this.#state
    const front = pipeline.front
    if (!front || !endsInReady(front)) throw unexpected('ReadyForQuery')
    pipeline.shift()
    if ('change' in front) registry.settle(front.change)
    const { status } = decodeReadyForQuery(frame.body)
    this.#state.status = status
    if (status === 'I') {
      if (this.#state.batchFailed) path.rollback()
      else path.commit()
      for (const portal of registry.endTransaction(pipeline.changes)) this.#left(portal, now)
    }
    if (!this.#state.unrestricted && !agrees(path.current, this.#state.reportedPath)) {
      throw new SallyportError('SP-SETTING', 'search_path changed in a way that was not followed')
    }
    settleDefinitions(this.#state)
    this.#state.names = namesOf(this.#state)
    this.#state.muted = false
    this.#state.batchFailed = false
    this.#state.batchOpen = !pipeline.empty
    if (pipeline.empty && status === 'I') this.#state.guarded = false
    output.client(frame.bytes)
  }

  #notice(frame: Frame): void {
    if (!this.#mayQuote(this.#state.pipeline.running)) return this.#toClient(frame.bytes)
    this.#toClient(scrubbed('noticeResponse', inClientText(decodeErrorFields(frame.body), null)))
  }

  #parameterStatus(frame: Frame): void {
    const { name, value } = decodeParameterStatus(frame.body)
    if (name === 'search_path') this.#state.reportedPath = value
    const required = REQUIRED_PARAMETERS.get(name)
    const strings = name === 'standard_conforming_strings'
    if (required !== undefined && value !== required && !(strings && this.#state.unrestricted)) {
      throw new SallyportError('SP-SETTING', `${name} became ${value}; the proxy reads SQL under ${required} only`)
    }
    if (strings) {
      this.#state.unread = value === required ? null : `${name} is ${value}, so nobody knows where its literals end`
      this.#state.names = namesOf(this.#state)
    }
    this.#state.output.client(frame.bytes)
  }

  #toClient(bytes: Uint8Array): void {
    if (!this.#state.muted) this.#state.output.client(bytes)
  }
}

/** The verdict of the statement that an answer belongs to where no run is under way: a Parse, Bind or later Execute. */
function verdictOf(front: Owed | undefined): Verdict | null {
  if (front?.kind === 'execute') return front.portal.prepared.verdict
  if (front?.kind !== 'parse' && front?.kind !== 'bind') return null
  const { change } = front
  const prepared = change.of === 'statement' ? change.value : change.value?.prepared
  return prepared?.verdict ?? null
}

function outcomeOf(run: Run, status: string): 'error' | 'cancelled' | 'withheld' {
  if (run.withheld) return 'withheld'
  return status === QUERY_CANCELLED ? 'cancelled' : 'error'
}

/** The count of a command tag: `UPDATE 3`, `INSERT 0 1`; 0 where it has none. */
function affected(tag: string): number {
  const count = Number(tag.slice(tag.lastIndexOf(' ') + 1))
  return Number.isSafeInteger(count) ? count : 0
}

function unexpectedly(what: string): never {
  throw unexpected(what)
}

function unexpected(what: string): SallyportError {
  return new SallyportError('SP-PROTOCOL', `the database sent ${what} out of turn`)
}
