/** Prompt formats of GGUF files: the tokenizer and the chat template in their metadata. */
@NullMarked
package dev.cofferdam.gateway.prompt.gguf;

import org.jspecify.annotations.NullMarked;
