// The do-nothing reference: grpc-js answers each call at once.
import { serve } from "./serve.ts";

serve(process.argv[2] ?? "", () => undefined, process.argv[3]);
