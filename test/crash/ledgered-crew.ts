// The crew of the bug-fix example, with a ledger outside of every journal: what really ran, a line when it begins and one when it ends.
import { appendFileSync } from "node:fs";
import { workspaceTools, type Criterion, type ModelClient, type Tool } from "orgtree";
import crew, { demo as bundled } from "../../examples/bugfix/org.ts";

/** One line of the ledger. */
export interface LedgerLine {
  readonly what: "model" | "tool" | "check";
  readonly step: "begin" | "end";
  readonly key: string;
  readonly pid: number;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** Of an answer of the model. */
  readonly tokens?: number;
}

function write(line: Omit<LedgerLine, "pid" | "atMs">): void {
  const atMs = performance.timeOrigin + performance.now();
  appendFileSync(process.env["LEDGER"]!, `${JSON.stringify({ ...line, pid: process.pid, atMs })}\n`);
}

async function ledgered<T>(
  { what, key }: Pick<LedgerLine, "what" | "key">,
  run: () => Promise<T>,
  more?: (value: T) => object,
): Promise<T> {
  write({ what, step: "begin", key });
  const value = await run();
  write({ what, step: "end", key, ...more?.(value) });
  return value;
}

const ledgeredTool = (tool: Tool): Tool => ({
  ...tool,
  run: (input, context) => ledgered({ what: "tool", key: context.key }, () => tool.run(input, context)),
});

// The check of the repository is known by its function, and stays as it is.
const ledgeredCriterion = (criterion: Criterion): Criterion =>
  criterion.id === "check"
    ? criterion
    : { ...criterion, check: { run: (context) => ledgered({ what: "check", key: context.key }, () => criterion.check.run(context)) } };

// oxlint-disable-next-line import/no-default-export -- as the command wants it
export default {
  ...crew,
  tools: ({ workspace }: Parameters<NonNullable<typeof crew.tools>>[0]) => Object.values(workspaceTools(workspace)).map(ledgeredTool),
  contract: {
    ...crew.contract!,
    criteria: (repository: Parameters<NonNullable<typeof crew.tools>>[0]) => crew.contract!.criteria(repository).map(ledgeredCriterion),
  },
};

function ledgeredModel(model: ModelClient): ModelClient {
  return {
    provider: model.provider,
    model: model.model,
    isPriced: model.isPriced,
    resume: model.resume,
    worstCase: (request) => model.worstCase(request),
    complete: (request, options) =>
      ledgered(
        { what: "model", key: request.key! },
        () => model.complete(request, options),
        ({ usage }) => ({ tokens: usage.inputTokens + usage.outputTokens }),
      ),
  };
}

export const demo = { ...bundled, script: (thinkMs: number) => ledgeredModel(bundled.script(thinkMs)) };
