import { serve } from "srvx";
import { powersyncFunctions } from "./functions.ts";

serve({ fetch: powersyncFunctions() });
