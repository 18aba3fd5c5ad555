import {
  type Attributes,
  type Meter,
  type MeterProvider,
  type MetricOptions,
  metrics,
} from '@opentelemetry/api'

/*
 * Instruments are declared when a module loads, but the provider may come later (or be replaced, in tests): each is made on first
 * use with the provider of that moment. Labels must be bounded: never an id that a client chose.
 */

export interface InstrumentOptions {
  description: string
  /** In UCUM, such as `ms` or `By`; counts of things have none. */
  unit?: string
}

export interface Counter {
  add(amount?: number, labels?: Attributes): void
}

export interface Recorder {
  record(value: number, labels?: Attributes): void
}

/** Counts events. Names are those of the reference server where it has the same. */
export function counter(name: string, options: InstrumentOptions): Counter {
  const instrument = lazily((meter) => meter.createCounter(name, options))
  return { add: (amount = 1, labels) => instrument().add(amount, labels) }
}

/** Records how values are spread, such as durations in milliseconds. */
export function histogram(
  name: string,
  options: InstrumentOptions & { boundaries?: number[] },
): Recorder {
  const { boundaries, ...rest } = options
  const settings: MetricOptions = {
    ...rest,
    ...(boundaries && { advice: { explicitBucketBoundaries: boundaries } }),
  }
  const instrument = lazily((meter) => meter.createHistogram(name, settings))
  return { record: (value, labels) => instrument().record(value, labels) }
}

/** Records a value that goes up and down, such as a moment or a size. */
export function gauge(name: string, options: InstrumentOptions): Recorder {
  const instrument = lazily((meter) => meter.createGauge(name, options))
  return { record: (value, labels) => instrument().record(value, labels) }
}

function lazily<T>(make: (meter: Meter) => T): () => T {
  let provider: MeterProvider | undefined
  let instrument: T
  return () => {
    const current = metrics.getMeterProvider()
    if (current !== provider) {
      provider = current
      instrument = make(current.getMeter('exposure-notifications'))
    }
    return instrument
  }
}
