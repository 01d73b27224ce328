/**
 * What services share of GGUF files: where a model's file lies, its metadata, and the tokenizer
 * inside of it, read as hostile input. Every length, offset and count is checked before memory of
 * that size is taken. Depends on nothing but the JDK.
 */
@NullMarked
package dev.cofferdam.gguf;

import org.jspecify.annotations.NullMarked;
