package dev.cofferdam.gateway.ingress.openai;

import dev.cofferdam.gateway.ingress.Asked;

/**
 * A chat completion that a client asks for.
 *
 * @param asked what
 * @param model the model as the client wrote it, returned in the answer
 * @param stream as server-sent events
 * @param includeUsage a stream's last chunk tells the usage
 * @param logprobs log-probabilities are part of the answer
 * @param choices how many answers
 */
record ChatRequest(
    Asked asked,
    String model,
    boolean stream,
    boolean includeUsage,
    boolean logprobs,
    int choices) {}
