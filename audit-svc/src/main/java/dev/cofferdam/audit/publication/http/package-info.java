/** A published log, fetched over HTTPS. */
@NullMarked
package dev.cofferdam.audit.publication.http;

import org.jspecify.annotations.NullMarked;
