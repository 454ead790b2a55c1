/** How the process ends. `orgtree help` tells the same. */
export const exitCode = {
  done: 0,
  /** The organization failed, the lint found errors, or a journal is damaged. */
  failed: 1,
  /** A mistake on the command line, or input that cannot be used. Nothing was started. */
  usage: 2,
  interrupted: 130,
} as const;

/** One of the codes. */
export type ExitCode = (typeof exitCode)[keyof typeof exitCode];
