/** Requests over the REST API, as OpenAI words it. */
@NullMarked
package dev.cofferdam.load.drive.rest;

import org.jspecify.annotations.NullMarked;
