/** The chart as Helm renders it, held against the API's schemas and the services' own tables. */
package dev.cofferdam.chart;
