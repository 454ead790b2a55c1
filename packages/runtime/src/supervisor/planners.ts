import { checkRollback } from "./answers.ts";
import {
  childAddress,
  childrenOfPlan,
  toFailure,
  type CheckedChildSpec,
  type PlannerBrief,
  type Supervision,
  type SupervisionEvent,
  type SupervisionStep,
} from "@orgtree/core";
import type { Effect } from "../actor/effect.ts";
import type { Incarnation } from "../actor/incarnation.ts";
import { Mail } from "../actor/mail.ts";
import { openAsk } from "../actor/perform.ts";
import type { Signal } from "../actor/signal.ts";
import type { EffectKey } from "../durable/effect-key.ts";
import { typeOfLogic, type Logic } from "../logic.ts";

type Question = Extract<Effect, { kind: "ask" }>;

/** By it the answers of a planner are known. */
const planTag = "replan ";

/** How a supervisor asks for a new plan: an ask like any other, which goes on after a crash. */
export class Planners {
  readonly #life: Incarnation;
  readonly #supervision: Supervision<Logic>;
  readonly #tell: (event: SupervisionEvent<Logic>) => void;
  /** The question that is stored and not asked yet, by its token. */
  readonly #questions = new Map<number, Question>();

  constructor(life: Incarnation, supervision: Supervision<Logic>, tell: (event: SupervisionEvent<Logic>) => void) {
    this.#life = life;
    this.#supervision = supervision;
    this.#tell = tell;
  }

  /** Looks up what the planner is to know of the past; what is not to be had is not waited for. */
  brief({ id, token }: SupervisionStep & { kind: "brief-planner" }): void {
    const { address, kernel } = this.#life.cell;
    const tell = (brief: PlannerBrief): void => this.#tell({ kind: "planner-briefed", token, brief });
    const nothingKnown: PlannerBrief = { checkpoint: undefined, standing: [] };
    const preview = kernel.past.previewRollback(childAddress(address, id), { orBeginning: true });
    preview
      .then(
        ({ to, standing }) => tell({ checkpoint: to.name === undefined ? undefined : to, standing }),
        () => tell(nothingKnown),
      )
      .catch((error: unknown) => this.#life.cell.crashed(error));
  }

  /** The question as it will be asked; `key` where it is stored before. */
  question({ token, planner, message, timeoutMs }: SupervisionStep & { kind: "ask-planner" }, key: EffectKey | undefined): Question {
    const { address, kernel } = this.#life.cell;
    const mail = new Mail("message", { to: planner, from: address, trace: this.#life.trace() }, message);
    mail.key = key;
    const question = { kind: "ask", mail, tag: `${planTag}${token}`, askId: kernel.newAskId(), timeoutMs } as const;
    this.#questions.set(token, question);
    return question;
  }

  ask(step: SupervisionStep & { kind: "ask-planner" }): void {
    const question = this.#questions.get(step.token) ?? this.question(step, undefined);
    this.#questions.delete(step.token);
    openAsk(this.#life, question);
  }

  /** The planner's answer, or why there is none; any other signal is not for a supervisor. */
  hear(mail: Mail): void {
    const signal = mail.message as Signal;
    if ((signal.type !== "orgtree.reply" && signal.type !== "orgtree.ask-failed") || !signal.tag.startsWith(planTag)) return;
    const answer = { token: Number(signal.tag.slice(planTag.length)), reply: mail };
    try {
      if (signal.type === "orgtree.ask-failed") throw signal.error;
      this.#tell({ kind: "replanned", ...answer, plan: signal.value, specs: this.childrenOf(signal.value) });
    } catch (error) {
      const { planner } = this.#supervision.spec.plan!;
      this.#tell({ kind: "replan-failed", ...answer, failure: toFailure(error, planner) });
    }
  }

  /** The children of a plan; throws what is wrong with it. */
  childrenOf(plan: unknown): readonly CheckedChildSpec<Logic>[] {
    const { spec } = this.#supervision;
    const children = childrenOfPlan(spec.plan!, plan, { flags: spec, field: "plan.children", typeOf: typeOfLogic });
    for (const child of children) checkRollback(child, `plan.children.${child.id}`, this.#life.cell.kernel.store !== undefined);
    return children;
  }
}
