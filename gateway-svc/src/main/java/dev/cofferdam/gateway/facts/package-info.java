/** What is kept of each request for the audit log: never content. */
@NullMarked
package dev.cofferdam.gateway.facts;

import org.jspecify.annotations.NullMarked;
