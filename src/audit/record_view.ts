/** Of a record, as it is read back, what the other formats have a place for. */
export interface RecordView {
  readonly class_uid?: number
  readonly class_name?: string
  readonly activity_id?: number
  readonly activity_name?: string
  readonly severity_id?: number
  readonly time?: number
  readonly message?: string
  readonly status_id?: number
  readonly status?: string
  readonly status_code?: string
  readonly status_detail?: string
  readonly action_id?: number
  readonly action?: string
  readonly is_alert?: boolean
  /** Of a part of a record that a sink can't take whole. */
  readonly raw_data?: string
  readonly metadata?: {
    readonly uid?: string
    readonly event_code?: string
    readonly sequence?: number
    readonly correlation_uid?: string
    readonly labels?: readonly string[]
    readonly product?: { readonly version?: string; readonly uid?: string }
  }
  readonly actor?: Actor
  readonly user?: User
  readonly src_endpoint?: Endpoint
  readonly dst_endpoint?: Endpoint
  readonly database?: Named
  readonly query_info?: { readonly uid?: string; readonly query_string?: string; readonly bytes?: number }
  readonly policy?: { readonly uid?: string; readonly version?: string }
  readonly entity?: { readonly uid?: string; readonly type?: string; readonly policy?: object }
  readonly evidences?: readonly Pick<RecordView, 'actor' | 'src_endpoint' | 'dst_endpoint'>[]
  readonly finding_info?: { readonly uid?: string; readonly title?: string }
  readonly api?: { readonly operation?: string }
  readonly http_request?: {
    readonly http_method?: string
    readonly uid?: string
    readonly user_agent?: string
    readonly url?: { readonly path?: string }
  }
  readonly unmapped?: { readonly jit?: OwnFields }
}

interface Named {
  readonly uid?: string
  readonly name?: string
}

export interface User extends Named {
  readonly email_addr?: string
  readonly groups?: readonly { readonly name?: string }[]
}

interface Actor {
  readonly user?: User
  readonly session?: { readonly uid?: string }
  readonly app_name?: string
}

interface Endpoint {
  readonly ip?: string
  readonly port?: number
  readonly hostname?: string
  readonly svc_name?: string
}

interface OwnFields {
  readonly grant_id?: string | null
  readonly request_id?: string | null
  readonly role?: string | null
  readonly target?: string | null
  readonly ticket?: string | null
  readonly reason?: string | null
  readonly incident?: { readonly provider?: string; readonly id?: string } | null
  readonly db_user?: string | null
  readonly protocol?: string
  readonly client?: { readonly tls_version?: string | null }
  readonly person?: User | null
  readonly decision?: { readonly rule?: string }
  readonly statement?: { readonly id?: string; readonly kind?: string }
  readonly objects?: readonly { readonly schema?: string; readonly name?: string }[]
  readonly columns?: readonly ReadColumn[]
  readonly rows?: { readonly returned?: number; readonly withheld?: number } | number
  readonly duration_ms?: number
  readonly piece?: { readonly index?: number; readonly count?: number; readonly sha256?: string }
}

export interface ReadColumn {
  readonly schema?: string
  readonly table?: string
  readonly column?: string
  readonly seen?: string
}

/** Who, from where, to where, wherever the class has it. */
export interface Parties {
  readonly user: User | undefined
  /** Whom it concerns, where that is another one. */
  readonly concerns: User | undefined
  readonly application: string | undefined
  readonly source: Endpoint | undefined
  readonly destination: Endpoint | undefined
}

export function partiesOf(record: RecordView): Parties {
  const { actor, src_endpoint: source, dst_endpoint: destination } = record.evidences?.[0] ?? record
  const user = actor?.user ?? record.user
  const other = record.unmapped?.jit?.person ?? record.user
  return {
    user,
    concerns: other && other.uid !== user?.uid ? other : undefined,
    application: actor?.app_name,
    source,
    destination,
  }
}

/** `schema.table.column`; MySQL's databases and tables without one have no first part. */
export function columnsSeen(columns: readonly ReadColumn[] = [], seen: readonly string[]): string[] {
  return columns
    .filter((column) => seen.includes(column.seen ?? ''))
    .map(({ schema, table, column }) => [schema, table, column].filter(Boolean).join('.'))
}
