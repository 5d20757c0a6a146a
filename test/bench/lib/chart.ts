/** Line charts as SVG, drawn by ECharts, which is installed on demand. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureNodePackages } from './on-demand.ts';

export type LineChart = {
  /** Of the growing axis. */
  readonly title: string;
  readonly points: readonly { readonly value: number; readonly amounts: Readonly<Record<string, number>> }[];
  /** Names of the amounts to draw; the first on the left axis, the second on the right. */
  readonly lines: readonly string[];
};

export async function drawLines({ title, points, lines }: LineChart): Promise<string> {
  const require = createRequire(
    join(
      ensureNodePackages(() => {}),
      'package.json',
    ),
  );
  const module = await import(pathToFileURL(require.resolve('echarts')).href);
  const chart = (module.default ?? module).init(null, null, { renderer: 'svg', ssr: true, width: 640, height: 320 });
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    grid: { left: 80, right: 80, top: 40, bottom: 60 },
    legend: { top: 5 },
    xAxis: {
      type: 'category',
      name: title,
      nameLocation: 'middle',
      nameGap: 35,
      data: points.map(({ value }) => value.toLocaleString('en-US')),
    },
    yAxis: lines.map((name, i) => ({ type: 'value', name: i === 0 ? '' : name, min: 0, position: i === 0 ? 'left' : 'right' })),
    series: lines.map((name, yAxisIndex) => ({
      type: 'line',
      name,
      yAxisIndex,
      data: points.map(({ amounts }) => amounts[name] ?? null),
    })),
  });
  const svg: string = chart.renderToSVGString();
  chart.dispose();
  return svg;
}
