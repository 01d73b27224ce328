/**
 * How text becomes tokens and tokens become text: byte-pair encoding, chat templates, stop texts.
 * Pure: files and template engines are in its leaves.
 */
@NullMarked
package dev.cofferdam.gateway.prompt;

import org.jspecify.annotations.NullMarked;
