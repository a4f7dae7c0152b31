import '../ui/theme.css';
import { render } from 'preact';
import { App } from './app.tsx';
import { resume } from './examination.ts';

void resume();
render(<App />, document.getElementById('app') as HTMLElement);
