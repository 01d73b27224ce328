/** What auditors and their programs read over HTTPS. */
@NullMarked
package dev.cofferdam.audit.api.web;

import org.jspecify.annotations.NullMarked;
