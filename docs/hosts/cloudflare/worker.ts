import { powersyncFunctions } from "./functions.ts";

let answer: ReturnType<typeof powersyncFunctions> | undefined;

export default {
  fetch(request: Request, environment: Record<string, string>): Promise<Response> {
    answer ??= powersyncFunctions(() => environment);
    return answer(request);
  },
};
