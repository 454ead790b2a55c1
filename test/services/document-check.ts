/** Compares what a gateway answers with its own document. */
import { Ajv2020 } from "ajv/dist/2020.js";

interface Described {
  readonly content?: Readonly<Record<string, unknown>>;
}

interface OperationObject {
  readonly operationId: string;
  readonly responses: Readonly<Record<string, Described>>;
}

interface DocumentObject {
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>;
}

/** The document, and which of its answers were seen. */
export class DocumentCheck {
  readonly #document: DocumentObject;
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true });
  readonly seen = new Set<string>();

  constructor(document: unknown) {
    this.#document = document as DocumentObject;
    this.#ajv.addSchema(this.#document, "document");
  }

  /** The operations, by name. */
  get operations(): readonly string[] {
    return Object.values(this.#document.paths).flatMap((path) => Object.values(path).map(({ operationId }) => operationId));
  }

  /** Throws where an answer is not what the document says of it. */
  check(
    { method, path }: { readonly method: string; readonly path: string },
    answer: { readonly status: number; readonly type: string; readonly body: unknown },
  ): void {
    const { pathname } = new URL(path, "http://gateway");
    const template = Object.keys(this.#document.paths).find((each) =>
      new RegExp(`^${each.replaceAll(/\{\w+\}/g, "[^/]*")}$`).test(pathname),
    );
    const operation = template === undefined ? undefined : this.#document.paths[template]![method.toLowerCase()];
    if (operation === undefined) {
      if (answer.status !== 404) throw new Error(`${method} ${path} is not in the document, and answers ${answer.status}`);
      return;
    }
    const status = String(answer.status);
    const type = answer.type.split(";")[0]!;
    if (operation.responses[status]?.content?.[type] === undefined)
      throw new Error(`${operation.operationId}: ${status} ${type} is not in the document`);
    this.seen.add(`${operation.operationId} ${status}`);
    const pointer = ["paths", template!, method.toLowerCase(), "responses", status, "content", type, "schema"].map((part) =>
      encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1")),
    );
    const validate = this.#ajv.compile({ $ref: `document#/${pointer.join("/")}` });
    if (!validate(answer.body)) throw new Error(`${operation.operationId} ${status}: ${this.#ajv.errorsText(validate.errors)}`);
  }
}
