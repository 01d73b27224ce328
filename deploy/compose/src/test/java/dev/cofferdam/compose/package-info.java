/** The compose file, held against the services' own tables and settings. */
package dev.cofferdam.compose;
