import { transactionMinutes } from '../login/transaction.ts';
import type { Context } from './context.ts';
import { toChoice } from './sentences.ts';
import { toLimitWords } from './time-words.ts';
import type { HelpPage } from './view-models.ts';

/** Where the page says how to allow cookies. */
export const cookieSection = 'cookies';

export function toHelpPage({ config, services }: Context): HelpPage {
  const names = services.filter(({ client }) => client).map(({ provider }) => provider.name);
  const { withoutUse, atMost } = toLimitWords(config.sessionLimits);
  return {
    sections: [
      {
        heading: 'Why is there no password?',
        paragraphs: [
          `You sign in with an account you already have${names.length > 0 ? `: ${toChoice(names)}` : ' elsewhere'}. That service checks that it is you and tells us; your password never comes here.`,
          `A sign-in must be finished within ${transactionMinutes} minutes. You stay signed in until you sign out, for ${withoutUse} without use, and for ${atMost} at most.`,
        ],
      },
      {
        heading: 'What do you know about me?',
        paragraphs: [
          'What the linked services told us, all of it shown on your profile: your name there, your picture, your account number, and what you allowed on top of that.',
          `The keys to your accounts there are kept encrypted. They are deleted when you sign out or unlink, and after ${atMost} at the latest.`,
        ],
      },
      {
        heading: 'How do I link another account?',
        paragraphs: [
          'Sign in, then choose Link next to the service. From then on you can sign in with either one.',
          'Nothing is ever linked, moved or merged without asking you. E-mail addresses and names decide nothing.',
        ],
      },
      {
        heading: 'I got the wrong account. How do I switch?',
        paragraphs: [
          'Choose Switch on its card. The service then asks you again who you are, where it can; if it brings back the same account, sign out at the service first.',
        ],
      },
      {
        heading: 'How do I get back in?',
        paragraphs: [
          'Sign in with any account that you linked. If you are not sure which one you used, try one: an unknown account starts a new, empty profile and changes nothing on the old one.',
          'Your last way in cannot be unlinked. If you have lost every linked account, the person who runs this site is the one to ask.',
        ],
      },
      {
        id: cookieSection,
        heading: 'How do I allow cookies?',
        paragraphs: [
          'Signing in needs two cookies of this site: one that shows that it was you who started, one that keeps you signed in. Neither is read by any other site.',
          `Look in the settings of your browser, under privacy, for a list of sites that may keep cookies, and add ${config.baseUrl}. Cookies of other sites can stay blocked.`,
        ],
      },
      {
        heading: 'What if I see an error?',
        paragraphs: [
          'The page says what happened and what to do next. “Details for support” on it holds a reference: give it to the person who runs this site.',
        ],
      },
      ...(config.securityContact === null ? [] : [toContact(config.securityContact)]),
    ],
  };
}

function toContact(address: string): HelpPage['sections'][number] {
  return {
    heading: 'I found a hole in this site. Whom do I tell?',
    paragraphs: ['Please tell the person who runs it, and nobody else before it is closed.'],
    link: { label: address.replace(/^mailto:/, ''), href: address },
  };
}
