import { parseObservations, toTime } from "./parse.js";

/** The peaks among the observations: higher than both neighbours. */
export function highWaters(observations) {
  const peaks = [];
  for (let i = 1; i < observations.length - 1; i++) {
    const { height } = observations[i];
    if (height > observations[i - 1].height && height > observations[i + 1].height) peaks.push(observations[i]);
  }
  return peaks;
}

/** Minutes between two high waters, when there are no observations to tell: 12 hours and 25 minutes. */
export const tidalPeriod = 745;

/** The time of the first high water after `minute`, observed or expected. */
export function nextHighWater(text, minute) {
  const peaks = highWaters(parseObservations(text));
  const observed = peaks.find((peak) => peak.minute > minute);
  if (observed) return toTime(observed.minute);
  const last = peaks[peaks.length - 1];
  return toTime(last.minute + tidalPeriod);
}
