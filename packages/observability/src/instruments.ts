import type { Meter, MeterProvider, MetricOptions } from '@opentelemetry/api'
import { api } from './open-telemetry.ts'

/*
 * Instruments are declared when a module loads, but the provider may come later (or be replaced, in tests): each is made on first
 * use with the provider of that moment. Labels must be bounded: never an id that a client chose.
 */

export interface InstrumentOptions<Label extends string = never> {
  description: string
  /** In UCUM, such as `ms` or `By`; counts of things have none. */
  unit?: string
  /** What is told apart, with what may stand there. */
  labels?: Record<Label, string>
}

type Value = string | number | boolean

/** The value of each label that was declared, and of no other. */
type Labels<Label extends string> = [Label] extends [never]
  ? []
  : [labels: Readonly<Record<Label, Value>>]

export interface Counter<Label extends string = never> {
  add(amount?: number, ...labels: Labels<Label>): void
}

export interface Recorder<Label extends string = never> {
  record(value: number, ...labels: Labels<Label>): void
}

/** What is known of an instrument without running anything. */
export interface DeclaredInstrument {
  kind: 'counter' | 'histogram' | 'gauge'
  name: string
  description: string
  unit?: string
  labels: Readonly<Record<string, string>>
}

const declared: DeclaredInstrument[] = []

/** Every instrument of the modules that have been loaded, in the order of their declaration. */
export function declaredInstruments(): readonly DeclaredInstrument[] {
  return declared
}

/** Counts events. Names are those of the reference server where it has the same. */
export function counter<Label extends string = never>(
  name: string,
  options: InstrumentOptions<Label>,
): Counter<Label> {
  const settings = declare('counter', name, options)
  const instrument = lazily((meter) => meter.createCounter(name, settings))
  return { add: (amount = 1, labels?: Record<string, Value>) => instrument().add(amount, labels) }
}

/** Records how values are spread, such as durations in milliseconds. */
export function histogram<Label extends string = never>(
  name: string,
  options: InstrumentOptions<Label> & { boundaries: number[] },
): Recorder<Label> {
  const settings = {
    ...declare('histogram', name, options),
    advice: { explicitBucketBoundaries: options.boundaries },
  }
  const instrument = lazily((meter) => meter.createHistogram(name, settings))
  return { record: (value, labels?: Record<string, Value>) => instrument().record(value, labels) }
}

/** Records a value that goes up and down, such as a moment or a size. */
export function gauge<Label extends string = never>(
  name: string,
  options: InstrumentOptions<Label>,
): Recorder<Label> {
  const settings = declare('gauge', name, options)
  const instrument = lazily((meter) => meter.createGauge(name, settings))
  return { record: (value, labels?: Record<string, Value>) => instrument().record(value, labels) }
}

/** Notes the instrument down, and returns what its maker wants to know. */
function declare<Label extends string>(
  kind: DeclaredInstrument['kind'],
  name: string,
  { description, unit, labels = {} as Record<Label, string> }: InstrumentOptions<Label>,
): MetricOptions {
  const settings = { description, ...(unit !== undefined && { unit }) }
  declared.push({ kind, name, labels, ...settings })
  return settings
}

function lazily<T>(make: (meter: Meter) => T): () => T {
  let provider: MeterProvider | undefined
  let instrument: T
  return () => {
    const current = api.metrics.getMeterProvider()
    if (current !== provider) {
      provider = current
      instrument = make(current.getMeter('exposure-notifications'))
    }
    return instrument
  }
}
